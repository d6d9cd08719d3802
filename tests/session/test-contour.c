/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contours: what is recorded where, how intervals fold, the text and the picture (protocol.md 8.2 and 8.3). */
#include <math.h>
#include <string.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/session/devssh-session-contour-private.h>
#include <libdevssh/transport/devssh-metrics-private.h>

static DevSshSessionContour *
new_contour (guint max_intervals)
{
  g_autoptr(GError) error = NULL;
  DevSshSessionContour *contour = devssh_session_contour_new (max_intervals, &error);

  g_assert_no_error (error);
  return contour;
}

static DevSshSessionContour *
read_contour (const char *text)
{
  g_autoptr(GError) error = NULL;
  DevSshSessionContour *contour = devssh_session_contour_new_from_base64 (text, &error);

  g_assert_no_error (error);
  return contour;
}

static void
sent (DevSshSessionContour *contour,
      gint64                time,
      guint64               bytes)
{
  devssh_session_contour_add_update (contour, time, bytes, 0, 0);
}

static void
received (DevSshSessionContour *contour,
          gint64                time,
          guint64               bytes)
{
  devssh_session_contour_add_update (contour, time, 0, bytes, 0);
}

static void
measured (DevSshSessionContour *contour,
          gint64                time,
          double                latency)
{
  devssh_session_contour_add_update (contour, time, 0, 0, latency);
}

static void
append_doubles (GString *out,
                double *(*dup) (DevSshSessionContour *contour, gsize *n_values),
                DevSshSessionContour *contour)
{
  gsize n;
  g_autofree double *values = dup (contour, &n);

  g_assert_cmpuint (n, ==, devssh_session_contour_get_interval_count (contour));
  for (gsize i = 0; i < n; i++)
    g_string_append_printf (out, "%s%g", i > 0 ? "," : "", values[i]);
  g_string_append_c (out, ' ');
}

static void
append_bytes (GString *out,
              guint64 *(*dup) (DevSshSessionContour *contour, gsize *n_values),
              DevSshSessionContour *contour)
{
  gsize n;
  g_autofree guint64 *values = dup (contour, &n);

  g_assert_cmpuint (n, ==, devssh_session_contour_get_interval_count (contour));
  for (gsize i = 0; i < n; i++)
    g_string_append_printf (out, "%s%" G_GUINT64_FORMAT, i > 0 ? "," : "", values[i]);
  g_string_append_c (out, ' ');
}

/* "interval min max average sent received", as the copies and the getters have it. */
static char *
describe (DevSshSessionContour *contour)
{
  GString *out = g_string_new (NULL);

  g_string_append_printf (out, "%" G_GINT64_FORMAT " ", devssh_session_contour_get_interval (contour));
  append_doubles (out, devssh_session_contour_dup_latency_min, contour);
  append_doubles (out, devssh_session_contour_dup_latency_max, contour);
  append_doubles (out, devssh_session_contour_dup_latency_average, contour);
  append_bytes (out, devssh_session_contour_dup_bytes_sent, contour);
  append_bytes (out, devssh_session_contour_dup_bytes_received, contour);
  g_string_truncate (out, out->len - 1);
  return g_string_free (out, FALSE);
}

static void
assert_contour (DevSshSessionContour *contour,
                const char           *expected)
{
  g_autofree char *text = describe (contour);

  g_assert_cmpstr (text, ==, expected);
}

/* ---- recording ---- */

static void
test_new (void)
{
  static const guint wrong[] = { 0, 1, 3, 6, 255, 257, 1u << 21, G_MAXUINT };
  g_autoptr(DevSshSessionContour) by_default = g_object_new (DEVSSH_TYPE_SESSION_CONTOUR, NULL);
  guint max;

  g_object_get (by_default, "max-intervals", &max, NULL);
  g_assert_cmpuint (max, ==, 256);
  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (devssh_session_contour_new (wrong[i], &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
    }
  for (max = 2; max <= 1u << 20; max *= 2)
    {
      g_autoptr(DevSshSessionContour) contour = new_contour (max);

      g_assert_cmpuint (devssh_session_contour_get_max_intervals (contour), ==, max);
      g_assert_cmpuint (devssh_session_contour_get_interval_count (contour), ==, 0);
      g_assert_cmpint (devssh_session_contour_get_interval (contour), ==, 1000);
      assert_contour (contour, "1000     ");
    }
}

/* The first worked example of protocol.md 8.2. */
static void
test_example (void)
{
  g_autoptr(DevSshSessionContour) contour = new_contour (4);

  received (contour, 2000, 2);
  measured (contour, 3000, 16);
  measured (contour, 3500, 32);
  sent (contour, 3800, 1);
  received (contour, 3900, 3);
  assert_contour (contour, "1000 0,0,0,16 0,0,0,32 0,0,0,24 0,0,0,1 0,0,2,3");

  sent (contour, 4000, 1);
  measured (contour, 4500, 32);
  measured (contour, 4600, 16);
  assert_contour (contour, "2000 0,16,16 0,32,32 0,24,24 0,1,1 0,5,0");

  sent (contour, 8000, 1);
  measured (contour, 8100, 32);
  sent (contour, 12000, 2);
  measured (contour, 12500, 64);
  assert_contour (contour, "4000 16,16,32,64 32,32,32,64 24,24,32,64 1,1,1,2 5,0,0,0");

  sent (contour, 16000, 10);
  assert_contour (contour, "8000 16,32,0 32,64,0 24,48,0 2,3,10 5,0,0");
  g_assert_cmpuint (devssh_session_contour_get_bytes_sent_at (contour, 2), ==, 10);
  g_assert_cmpuint (devssh_session_contour_get_bytes_received_at (contour, 0), ==, 5);
}

static void
count_cb (GObject    *object,
          GParamSpec *pspec,
          guint      *count)
{
  (*count)++;
}

static void
test_notify (void)
{
  g_autoptr(DevSshSessionContour) contour = new_contour (4);
  guint counts = 0, intervals = 0;

  g_signal_connect (contour, "notify::interval-count", G_CALLBACK (count_cb), &counts);
  g_signal_connect (contour, "notify::interval", G_CALLBACK (count_cb), &intervals);
  sent (contour, 0, 1);
  sent (contour, 999, 1);
  g_assert_cmpuint (counts, ==, 1);
  sent (contour, 3999, 1);
  g_assert_cmpuint (counts, ==, 2);
  g_assert_cmpuint (intervals, ==, 0);
  sent (contour, 4000, 1);
  g_assert_cmpuint (intervals, ==, 1);
  g_assert_cmpuint (counts, ==, 3);
  /* Late news of early times change nothing but numbers. */
  sent (contour, 0, 1);
  g_assert_cmpuint (intervals, ==, 1);
  g_assert_cmpuint (counts, ==, 3);
}

static void
test_extremes (void)
{
  g_autoptr(DevSshSessionContour) contour = new_contour (2);
  g_autofree char *text = NULL;
  g_autofree char *picture = NULL;
  g_autoptr(DevSshSessionContour) again = NULL;

  sent (contour, G_MAXINT64, G_MAXUINT64);
  sent (contour, G_MAXINT64, 1);
  received (contour, 0, G_MAXUINT64);
  received (contour, G_MAXINT64 / 2, G_MAXUINT64);
  measured (contour, 0, 1e300);
  measured (contour, 0, 1e-300);
  g_assert_cmpint (devssh_session_contour_get_interval (contour), ==, G_GINT64_CONSTANT (1000) << 53);
  g_assert_cmpuint (devssh_session_contour_get_bytes_sent_at (contour, 1), ==, G_MAXUINT64);
  g_assert_cmpuint (devssh_session_contour_get_bytes_received_at (contour, 0), ==, G_MAXUINT64);
  g_assert_true (isfinite (devssh_session_contour_get_latency_average_at (contour, 0)));

  text = devssh_session_contour_to_base64 (contour);
  again = read_contour (text);
  g_assert_cmpint (devssh_session_contour_get_interval (again), ==, G_GINT64_CONSTANT (1000) << 53);
  g_assert_cmpuint (devssh_session_contour_get_bytes_sent_at (again, 1), ==, G_GUINT64_CONSTANT (255) << 56);
  picture = devssh_session_contour_to_svg (contour, NULL);
  g_assert_null (strstr (picture, "nan"));
  g_assert_null (strstr (picture, "inf"));
}

/* ---- what folds is what would have been recorded with longer intervals ---- */

typedef struct
{
  gint64  time;
  guint64 sent, received;
  double  latency;
} Update;

/* Multiples of a quarter add up exactly, in whatever order. */
static void
random_updates (Update *updates,
                gsize   n,
                gint64  span)
{
  for (gsize i = 0; i < n; i++)
    {
      Update *update = &updates[i];

      update->time = (gint64) (g_test_rand_double () * (double) span);
      update->sent = g_test_rand_bit () ? (guint64) g_test_rand_int_range (0, 1 << 20) : 0;
      update->received = g_test_rand_bit () ? (guint64) g_test_rand_int_range (0, 1 << 20) << g_test_rand_int_range (0, 20) : 0;
      update->latency = g_test_rand_bit () ? g_test_rand_int_range (0, 1 << 14) / 4.0 : 0;
    }
}

static void
assert_recomputed (DevSshSessionContour *contour,
                   const Update         *updates,
                   gsize                 n)
{
  gint64 interval = devssh_session_contour_get_interval (contour);
  guint count = devssh_session_contour_get_interval_count (contour);
  guint max = devssh_session_contour_get_max_intervals (contour);
  gint64 last = 0;

  for (gsize i = 0; i < n; i++)
    last = MAX (last, updates[i].time);
  /* No longer than needed, and not one too many. */
  g_assert_cmpint (last / interval, <, max);
  g_assert_true (interval == 1000 || last / (interval / 2) >= max);
  g_assert_cmpuint (count, ==, (guint) (last / interval) + 1);

  for (guint k = 0; k < count; k++)
    {
      DevSshContourInterval expected = { 0 };

      for (gsize i = 0; i < n; i++)
        {
          double latency = updates[i].latency;

          if (updates[i].time / interval != k)
            continue;
          expected.bytes_sent += updates[i].sent;
          expected.bytes_received += updates[i].received;
          if (latency <= 0)
            continue;
          expected.latency_min = expected.latency_count == 0 ? latency : MIN (expected.latency_min, latency);
          expected.latency_max = MAX (expected.latency_max, latency);
          expected.latency_sum += latency;
          expected.latency_count++;
        }
      g_assert_cmpuint (devssh_session_contour_get_bytes_sent_at (contour, k), ==, expected.bytes_sent);
      g_assert_cmpuint (devssh_session_contour_get_bytes_received_at (contour, k), ==, expected.bytes_received);
      g_assert_cmpint ((gint64) (devssh_session_contour_get_latency_min_at (contour, k) * 4), ==, (gint64) (expected.latency_min * 4));
      g_assert_cmpint ((gint64) (devssh_session_contour_get_latency_max_at (contour, k) * 4), ==, (gint64) (expected.latency_max * 4));
      g_assert_cmpfloat_with_epsilon (devssh_session_contour_get_latency_average_at (contour, k),
                                      devssh_contour_interval_get_average (&expected), 1e-9);
    }
}

static void
test_fold (void)
{
  for (guint round = 0; round < 300; round++)
    {
      guint max = 2u << g_test_rand_int_range (0, 7);
      gsize n = (gsize) g_test_rand_int_range (1, 120);
      g_autofree Update *updates = g_new0 (Update, n);
      g_autoptr(DevSshSessionContour) contour = new_contour (max);
      g_autofree char *text = NULL;
      g_autofree char *again = NULL;
      g_autoptr(DevSshSessionContour) copy = NULL;

      random_updates (updates, n, (gint64) 1 << g_test_rand_int_range (8, 40));
      for (gsize i = 0; i < n; i++)
        devssh_session_contour_add_update (contour, updates[i].time, updates[i].sent, updates[i].received, updates[i].latency);
      assert_recomputed (contour, updates, n);

      /* What was read is written as it was. */
      text = devssh_session_contour_to_base64 (contour);
      copy = read_contour (text);
      again = devssh_session_contour_to_base64 (copy);
      g_assert_cmpstr (again, ==, text);
    }
}

/* ---- text ---- */

/* The second worked example of protocol.md 8.3. */
static void
test_text_example (void)
{
  const char *expected = "AQUBAAAAAgQBAgMLDAAAAAB9ECAY+rwQIBgAAA==";
  g_autoptr(DevSshSessionContour) contour = new_contour (4);
  g_autoptr(DevSshSessionContour) again = NULL;
  g_autofree char *text = NULL;
  g_autofree char *same = NULL;

  received (contour, 0, 2000);
  measured (contour, 2000, 16);
  measured (contour, 3000, 32);
  sent (contour, 3600, 1000);
  received (contour, 3800, 3000);
  sent (contour, 4000, 1);
  measured (contour, 5000, 32);
  measured (contour, 5200, 16);
  text = devssh_session_contour_to_base64 (contour);
  g_assert_cmpstr (text, ==, expected);

  again = read_contour (text);
  assert_contour (again, "2000 0,16,16 0,32,32 0,24,24 0,1000,0 2000,3008,0");
  g_assert_cmpuint (devssh_session_contour_get_max_intervals (again), ==, 4);
  same = devssh_session_contour_to_base64 (again);
  g_assert_cmpstr (same, ==, expected);

  /* It can be added to. The mean that was read counts as one: (24 + 48 + 24) / 3. */
  measured (again, 2500, 48);
  sent (again, 16000, 7);
  assert_contour (again, "8000 16,0,0 48,0,0 32,0,0 1000,0,7 5008,0,0");
}

/* Made by npm's @microsoft/dev-tunnels-ssh 3.12.42, whose SessionContour was given these. */
static void
test_text_dev_tunnels (void)
{
  static const Update updates[] = {
    { 830, 56968, 654056, 0 }, { 2398, 48696, 333043, 87.5 }, { 3081, 59683, 0, 117.375 }, { 3367, 6645, 0, 0 },
    { 4843, 45896, 0, 635.5 }, { 6494, 6819, 0, 603 }, { 7705, 48935, 0, 0 }, { 10033, 32030, 0, 0 },
    { 10909, 89964, 0, 342.5 }, { 11000, 94595, 0, 87 }, { 11463, 72802, 552013, 486.75 }, { 13184, 58685, 219685, 276.75 },
    { 13477, 14877, 0, 0 }, { 14805, 53608, 0, 0 }, { 15921, 21283, 0, 856 }, { 17820, 74535, 263815, 275 },
  };
  const char *expected = "AQUCAgICCwwBAgMLDBYdGlTxl5+bMgAWekyNh0XWjkg2RUVFJEA=";
  g_autoptr(DevSshSessionContour) contour = new_contour (8);
  g_autoptr(DevSshSessionContour) theirs = read_contour (expected);
  g_autofree char *text = NULL;
  g_autofree char *again = devssh_session_contour_to_base64 (theirs);

  for (gsize i = 0; i < G_N_ELEMENTS (updates); i++)
    devssh_session_contour_add_update (contour, updates[i].time, updates[i].sent, updates[i].received, updates[i].latency);
  assert_recomputed (contour, updates, G_N_ELEMENTS (updates));
  text = devssh_session_contour_to_base64 (contour);
  g_assert_cmpstr (text, ==, expected);
  g_assert_cmpstr (again, ==, expected);
  g_assert_cmpint (devssh_session_contour_get_interval (theirs), ==, 4000);
  g_assert_cmpuint (devssh_session_contour_get_bytes_received_at (theirs, 0), ==, 0xf1 << 12);
}

/* Exact halves go to the even neighbour, for bytes and for latencies. */
static void
test_text_rounding (void)
{
  static const struct
  {
    guint64 bytes;
    double  latency;
    guint8  expected_bytes, expected_latency;
  } rows[] = {
    { 1, 0.5, 0, 0 }, { 3, 1.5, 2, 2 }, { 5, 2.5, 2, 2 }, { 7, 3.5, 4, 4 }, { 6, 2.25, 3, 2 }, { 2, 2.75, 1, 3 }, { 510, 254.5, 255, 254 },
  };
  g_autoptr(DevSshSessionContour) contour = new_contour (8);
  g_autofree char *text = NULL;
  g_autofree guchar *bytes = NULL;
  gsize length;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    devssh_session_contour_add_update (contour, (gint64) i * 1000, rows[i].bytes, 0, rows[i].latency);
  text = devssh_session_contour_to_base64 (contour);
  bytes = g_base64_decode (text, &length);
  g_assert_cmpuint (length, ==, 13 + 5 * G_N_ELEMENTS (rows));
  g_assert_cmpuint (bytes[6], ==, 1);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_assert_cmpuint (bytes[13 + 5 * i], ==, rows[i].expected_latency);
      g_assert_cmpuint (bytes[13 + 5 * i + 3], ==, rows[i].expected_bytes);
    }
}

/* The least power of two with which the greatest value fits. */
static void
test_text_scale (void)
{
  static const struct
  {
    guint64 value;
    guint8  scale, byte;
  } rows[] = {
    { 0, 0, 0 }, { 1, 0, 1 }, { 255, 0, 255 }, { 256, 1, 128 }, { 510, 1, 255 }, { 511, 2, 128 }, { 1020, 2, 255 },
    { 1021, 3, 128 }, { G_GUINT64_CONSTANT (255) << 40, 40, 255 }, { (G_GUINT64_CONSTANT (255) << 40) + 1, 41, 128 },
    { G_MAXUINT64, 56, 255 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(DevSshSessionContour) contour = new_contour (2);
      g_autofree char *text = NULL;
      g_autofree guchar *bytes = NULL;
      gsize length;

      devssh_session_contour_add_update (contour, 0, 0, rows[i].value, (double) MIN (rows[i].value, 1u << 20));
      text = devssh_session_contour_to_base64 (contour);
      bytes = g_base64_decode (text, &length);
      g_assert_cmpuint (length, ==, 18);
      g_assert_cmpuint (bytes[7], ==, rows[i].scale);
      g_assert_cmpuint (bytes[17], ==, rows[i].byte);
      if (rows[i].value < 1u << 20)
        {
          g_assert_cmpuint (bytes[3], ==, rows[i].scale);
          g_assert_cmpuint (bytes[13], ==, rows[i].byte);
        }
    }
}

static char *
encode (const char *hex)
{
  g_autoptr(GByteArray) bytes = g_byte_array_new ();

  for (; *hex != '\0'; hex += 2)
    {
      guint8 byte = (guint8) (g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));

      g_byte_array_append (bytes, &byte, 1);
    }
  return g_base64_encode (bytes->data, bytes->len);
}

/* Whatever series there are, in whatever order; those nobody knows are skipped, even with a scale that nobody could use. */
static void
test_text_series (void)
{
  g_autofree char *few = encode ("010203" "0103" "0cff" "0501" "0702");
  g_autofree char *one = encode ("010100" "00" "02" "09");
  g_autofree char *unknown = encode ("010200" "ff02" "630b" "ab03");
  g_autoptr(DevSshSessionContour) contour = NULL;

  contour = read_contour (few);
  assert_contour (contour, "8000 0,0 0,0 0,0 0,0 10,14");
  g_assert_cmpuint (devssh_session_contour_get_max_intervals (contour), ==, 2);
  g_clear_object (&contour);

  /* A single interval, which the TypeScript library writes and cannot read. */
  contour = read_contour (one);
  assert_contour (contour, "1000 0 9 0 0 0");
  g_assert_cmpuint (devssh_session_contour_get_max_intervals (contour), ==, 2);
  g_clear_object (&contour);

  contour = read_contour (unknown);
  assert_contour (contour, "1000 0 0 0 12 0");
}

static void
test_text_refused (void)
{
  static const struct
  {
    const char  *hex;
    DevSshError  code;
  } rows[] = {
    { "", DEVSSH_ERROR_TRUNCATED },
    { "01", DEVSSH_ERROR_TRUNCATED },
    { "0105", DEVSSH_ERROR_TRUNCATED },
    { "010500", DEVSSH_ERROR_TRUNCATED },
    { "000500" "0000000000" "0102030b0c" "0000000000", DEVSSH_ERROR_UNSUPPORTED },
    { "020500" "0000000000" "0102030b0c" "0000000000", DEVSSH_ERROR_UNSUPPORTED },
    { "010000" "0000000000" "0102030b0c" "0000000000", DEVSSH_ERROR_MALFORMED },
    { "010500" "0000000000" "0102030b0c", DEVSSH_ERROR_TRUNCATED },                    /* no interval */
    { "010500" "0000000000" "0102030b0c" "00000000", DEVSSH_ERROR_TRUNCATED },
    { "010500" "0000000000" "0102030b0c" "000000000000", DEVSSH_ERROR_TRUNCATED },
    { "010536" "0000000000" "0102030b0c" "0000000000", DEVSSH_ERROR_MALFORMED },       /* 1000 << 54 */
    { "010500" "0000003900" "0102030b0c" "0000000000", DEVSSH_ERROR_MALFORMED },       /* 255 << 57 */
    { "010500" "ff00000000" "0102030b0c" "0000000000", DEVSSH_ERROR_MALFORMED },
  };
  static const struct
  {
    const char  *text;
    DevSshError  code;
  } texts[] = {
    { "AQUBAAAAAgQBAgMLDAAAAAB9ECAY+rwQIBgAAA=", DEVSSH_ERROR_TRUNCATED },             /* padding is part of it */
    { "AQUBAAAAAgQBAgMLDAAAAAB9ECAY+rwQIBgAAA", DEVSSH_ERROR_TRUNCATED },
    { "AQUBAAAAAgQBAgMLDAAAAAB9ECAY-rwQIBgAAA==", DEVSSH_ERROR_MALFORMED },            /* URLs have another alphabet */
    { "AQUBAAAAAgQBAgMLDAAAAAB9ECAY+rwQIBgAAA==AQUB", DEVSSH_ERROR_MALFORMED },
    { "AQUBAAAAAgQBAgMLDAAAAAB9ECAY+rwQIBgAAA\xc3\xa4", DEVSSH_ERROR_MALFORMED },
    { "A===", DEVSSH_ERROR_TRUNCATED },
    { "<svg>", DEVSSH_ERROR_MALFORMED },
    { " \n", DEVSSH_ERROR_TRUNCATED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows) + G_N_ELEMENTS (texts); i++)
    {
      gboolean is_hex = i < G_N_ELEMENTS (rows);
      g_autofree char *text = is_hex ? encode (rows[i].hex) : g_strdup (texts[i - G_N_ELEMENTS (rows)].text);
      g_autoptr(GError) error = NULL;

      g_test_message ("%s", text);
      g_assert_null (devssh_session_contour_new_from_base64 (text, &error));
      g_assert_error (error, DEVSSH_ERROR, (int) (is_hex ? rows[i].code : texts[i - G_N_ELEMENTS (rows)].code));
      g_assert_true (g_str_has_prefix (error->message, "This is no contour: "));
    }
}

/* At every length: an error, or a contour of fewer intervals. */
static void
test_text_cut (void)
{
  static const guint8 whole[] = {
    1, 5, 1, 0, 0, 0, 2, 4, 1, 2, 3, 11, 12, 0, 0, 0, 0, 125, 16, 32, 24, 250, 188, 16, 32, 24, 0, 0
  };

  for (gsize length = 0; length <= sizeof whole; length++)
    {
      g_autofree char *text = g_base64_encode (whole, length);
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshSessionContour) contour = devssh_session_contour_new_from_base64 (text, &error);

      if (length >= 18 && (length - 3) % 5 == 0)
        {
          g_assert_no_error (error);
          g_assert_cmpuint (devssh_session_contour_get_interval_count (contour), ==, (guint) (length - 13) / 5);
        }
      else
        {
          g_assert_null (contour);
          g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_TRUNCATED);
        }
    }
}

static void
test_text_space (void)
{
  g_autoptr(DevSshSessionContour) contour = read_contour ("  AQUBAAAAAgQBAgML\r\n\tDAAAAAB9ECAY+rwQIBgAAA= =\n");

  assert_contour (contour, "2000 0,16,16 0,32,32 0,24,24 0,1000,0 2000,3008,0");
}

/* Its bytes are those that other libraries write; nobody reads them. */
static void
test_text_empty (void)
{
  g_autoptr(DevSshSessionContour) contour = new_contour (4);
  g_autofree char *text = devssh_session_contour_to_base64 (contour);
  g_autoptr(GError) error = NULL;

  g_assert_cmpstr (text, ==, "AQUAAAAAAAABAgMLDA==");
  g_assert_null (devssh_session_contour_new_from_base64 (text, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_TRUNCATED);
}

static void
test_text_many (void)
{
  const gsize most = 1u << 20;
  g_autofree guint8 *bytes = g_malloc0 (3 + 2 + most + 1);
  g_autoptr(DevSshSessionContour) contour = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *fits = NULL;
  g_autofree char *picture = NULL;
  g_autofree char *too_many = NULL;

  bytes[0] = 1;
  bytes[1] = 1;
  bytes[4] = 11;
  memset (bytes + 5, 1, most + 1);
  fits = g_base64_encode (bytes, 5 + most);
  contour = read_contour (fits);
  g_assert_cmpuint (devssh_session_contour_get_max_intervals (contour), ==, most);
  /* However much there is to draw, a picture stays one. */
  picture = devssh_session_contour_to_svg (contour, NULL);
  g_assert_cmpuint (strlen (picture), <, 128 * 1024);

  too_many = g_base64_encode (bytes, 5 + most + 1);
  g_assert_null (devssh_session_contour_new_from_base64 (too_many, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT);
}

/* ---- collecting ---- */

static void
test_collect (void)
{
  g_autoptr(DevSshSessionMetrics) metrics = devssh_session_metrics_new ();
  g_autoptr(DevSshSessionContour) contour = new_contour (256);
  g_autoptr(GError) error = NULL;
  guint changes = 0;

  g_signal_connect (contour, "notify::is-collecting", G_CALLBACK (count_cb), &changes);
  devssh_metrics_count_sent (metrics, 1);
  g_assert_false (devssh_session_contour_get_is_collecting (contour));
  g_assert_true (devssh_session_contour_collect (contour, metrics, &error));
  g_assert_no_error (error);
  g_assert_true (devssh_session_contour_get_is_collecting (contour));
  g_assert_false (devssh_session_contour_collect (contour, metrics, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE);
  g_clear_error (&error);

  /* From the next message on, whatever was looked up before. */
  devssh_context_advance_clock (metrics->context, 600 * G_TIME_SPAN_SECOND);
  devssh_metrics_count_sent (metrics, 20);
  devssh_metrics_count_received (metrics, 300);
  devssh_metrics_latency_measured (metrics, 2500);
  devssh_metrics_deliver (metrics);
  g_assert_cmpint (devssh_session_contour_get_interval (contour), ==, 4000);
  g_assert_cmpuint (devssh_session_contour_get_interval_count (contour), ==, 151);
  g_assert_cmpuint (devssh_session_contour_get_bytes_sent_at (contour, 150), ==, 20);
  g_assert_cmpuint (devssh_session_contour_get_bytes_received_at (contour, 150), ==, 300);
  g_assert_cmpfloat_with_epsilon (devssh_session_contour_get_latency_average_at (contour, 150), 2.5, 1e-9);

  devssh_session_contour_stop (contour);
  devssh_session_contour_stop (contour);
  g_assert_false (devssh_session_contour_get_is_collecting (contour));
  devssh_metrics_look_again (metrics);
  devssh_metrics_count_sent (metrics, 4000);
  devssh_metrics_deliver (metrics);
  g_assert_cmpuint (devssh_session_contour_get_bytes_sent_at (contour, 150), ==, 20);

  g_assert_true (devssh_session_contour_collect (contour, metrics, &error));
  g_assert_no_error (error);
  devssh_metrics_count_sent (metrics, 50000);
  devssh_metrics_close (metrics);
  g_assert_cmpuint (devssh_session_contour_get_bytes_sent_at (contour, 150), ==, 50020);
  g_assert_false (devssh_session_contour_get_is_collecting (contour));
  g_assert_cmpuint (changes, ==, 4);

  g_assert_false (devssh_session_contour_collect (contour, metrics, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_CLOSED);
}

/* A contour that goes leaves nothing behind, and takes the metrics with it. */
static void
test_collect_dropped (void)
{
  DevSshSessionMetrics *metrics = devssh_session_metrics_new ();
  DevSshSessionContour *contour = new_contour (4);
  g_autoptr(GError) error = NULL;

  g_assert_true (devssh_session_contour_collect (contour, metrics, &error));
  g_object_add_weak_pointer (G_OBJECT (metrics), (gpointer *) &metrics);
  g_object_add_weak_pointer (G_OBJECT (contour), (gpointer *) &contour);
  devssh_metrics_count_sent (metrics, 1);
  g_object_unref (metrics);
  g_assert_nonnull (metrics);
  g_object_unref (contour);
  g_assert_null (contour);
  g_assert_null (metrics);
}

/* ---- the picture ---- */

typedef struct
{
  guint    depth, n_paths, n_columns, n_texts;
  GString *text;
} Parsed;

/* Lines only, and all of them inside. */
static void
assert_path (const char *path)
{
  g_assert_cmpuint (strspn (path, "MLHVZh0123456789. "), ==, strlen (path));
  while (*path != '\0')
    if (g_ascii_isdigit (*path))
      g_assert_cmpfloat (g_ascii_strtod (path, (char **) &path), <=, 960);
    else
      path++;
}

static void
start_cb (GMarkupParseContext  *context,
          const char           *element,
          const char          **names,
          const char          **values,
          gpointer              user_data,
          GError              **error)
{
  Parsed *parsed = user_data;

  g_assert_true ((parsed->depth++ == 0) == g_str_equal (element, "svg"));
  parsed->n_paths += g_str_equal (element, "path");
  parsed->n_texts += g_str_equal (element, "text");
  for (guint i = 0; names[i] != NULL; i++)
    {
      parsed->n_columns += g_str_equal (names[i], "class") && g_str_equal (values[i], "column");
      /* Nothing is loaded, nothing is run. */
      g_assert_null (strstr (names[i], "href"));
      g_assert_false (g_str_has_prefix (names[i], "on"));
      if (g_str_equal (names[i], "d"))
        assert_path (values[i]);
    }
}

static void
end_cb (GMarkupParseContext  *context,
        const char           *element,
        gpointer              user_data,
        GError              **error)
{
  ((Parsed *) user_data)->depth--;
}

static void
text_cb (GMarkupParseContext  *context,
         const char           *text,
         gsize                 length,
         gpointer              user_data,
         GError              **error)
{
  g_string_append_len (((Parsed *) user_data)->text, text, (gssize) length);
}

static Parsed
parse_picture (const char *picture)
{
  static const GMarkupParser parser = { start_cb, end_cb, text_cb };
  Parsed parsed = { .text = g_string_new (NULL) };
  g_autoptr(GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, &parsed, NULL);
  g_autoptr(GError) error = NULL;

  g_assert_true (g_utf8_validate (picture, -1, NULL));
  g_markup_parse_context_parse (context, picture, -1, &error);
  g_assert_no_error (error);
  g_markup_parse_context_end_parse (context, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (parsed.depth, ==, 0);
  return parsed;
}

static void
test_picture (void)
{
  g_autoptr(DevSshSessionContour) contour = new_contour (256);
  g_autoptr(DevSshSessionContour) same = NULL;
  g_autofree char *picture = NULL;
  g_autofree char *again = NULL;
  Parsed parsed;

  received (contour, 0, 2000000);
  sent (contour, 1500, 500000);
  measured (contour, 2500, 16);
  measured (contour, 2600, 32);
  measured (contour, 5000, 64);
  picture = devssh_session_contour_to_svg (contour, "A <title> & \"more\"");
  again = devssh_session_contour_to_svg (contour, "A <title> & \"more\"");
  g_assert_cmpstr (picture, ==, again);

  parsed = parse_picture (picture);
  g_assert_nonnull (strstr (parsed.text->str, "A <title> & \"more\""));
  g_assert_nonnull (strstr (parsed.text->str, "6 s in 6 intervals of 1 s · 2 MB received · 500 kB sent · latency 16 ms to 64 ms, on average 37.3 ms"));
  g_assert_nonnull (strstr (parsed.text->str, "Throughput"));
  g_assert_nonnull (strstr (parsed.text->str, "Latency"));
  g_assert_nonnull (strstr (parsed.text->str, "1.5 MB/s"));
  g_assert_nonnull (strstr (parsed.text->str, "1 s to 2 s: 0 B received, 500 kB sent"));
  /* Columns in which nothing happened say nothing. */
  g_assert_cmpuint (parsed.n_columns, ==, 4);
  g_string_free (parsed.text, TRUE);
}

static void
test_picture_titles (void)
{
  static const struct
  {
    const char *title, *expected;
  } rows[] = {
    { NULL, "Session contour" },
    { "", "" },
    { "tab\tand\nline", "tab and line" },
    { "control \x01\x1b[31m\x7f\xc2\x9b characters", "control [31m characters" },
    { "not \xff UTF-8", "not \xef\xbf\xbd UTF-8" },
    { "]]> <!-- -->", "]]> <!-- -->" },
    { "\xef\xbf\xbe\xef\xbf\xbf", "" },
  };
  g_autoptr(DevSshSessionContour) contour = new_contour (2);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *picture = devssh_session_contour_to_svg (contour, rows[i].title);
      Parsed parsed = parse_picture (picture);

      g_assert_nonnull (strstr (parsed.text->str, rows[i].expected));
      g_assert_nonnull (strstr (parsed.text->str, "Nothing was recorded"));
      for (const char *p = picture; *p != '\0'; p++)
        g_assert_true (*p == '\n' || (guchar) *p >= 0x20);
      g_string_free (parsed.text, TRUE);
    }
}

/* Whatever was recorded is a picture, and all of it is inside. */
static void
test_picture_random (void)
{
  for (guint round = 0; round < 100; round++)
    {
      gsize n = (gsize) g_test_rand_int_range (1, 200);
      g_autofree Update *updates = g_new0 (Update, n);
      g_autoptr(DevSshSessionContour) contour = new_contour (2u << g_test_rand_int_range (0, 12));
      g_autofree char *picture = NULL;
      Parsed parsed;

      random_updates (updates, n, (gint64) 1 << g_test_rand_int_range (1, 62));
      for (gsize i = 0; i < n; i++)
        devssh_session_contour_add_update (contour, updates[i].time,
                                           updates[i].sent << (round % 40), updates[i].received,
                                           updates[i].latency * pow (10, round % 20 - 10.0));
      picture = devssh_session_contour_to_svg (contour, NULL);
      parsed = parse_picture (picture);
      g_assert_cmpuint (parsed.n_paths, >, 3);
      g_assert_cmpuint (parsed.n_texts, >, 6);
      g_assert_cmpuint (parsed.n_texts, <, 60);
      g_assert_null (strstr (picture, "nan"));
      g_assert_null (strstr (picture, "inf"));
      g_string_free (parsed.text, TRUE);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/session/contour/new", test_new);
  g_test_add_func ("/session/contour/example", test_example);
  g_test_add_func ("/session/contour/notify", test_notify);
  g_test_add_func ("/session/contour/extremes", test_extremes);
  g_test_add_func ("/session/contour/fold", test_fold);
  g_test_add_func ("/session/contour/text/example", test_text_example);
  g_test_add_func ("/session/contour/text/dev-tunnels", test_text_dev_tunnels);
  g_test_add_func ("/session/contour/text/rounding", test_text_rounding);
  g_test_add_func ("/session/contour/text/scale", test_text_scale);
  g_test_add_func ("/session/contour/text/series", test_text_series);
  g_test_add_func ("/session/contour/text/refused", test_text_refused);
  g_test_add_func ("/session/contour/text/cut-at-every-length", test_text_cut);
  g_test_add_func ("/session/contour/text/space", test_text_space);
  g_test_add_func ("/session/contour/text/empty", test_text_empty);
  g_test_add_func ("/session/contour/text/many", test_text_many);
  g_test_add_func ("/session/contour/collect", test_collect);
  g_test_add_func ("/session/contour/collect/dropped", test_collect_dropped);
  g_test_add_func ("/session/contour/picture", test_picture);
  g_test_add_func ("/session/contour/picture/titles", test_picture_titles);
  g_test_add_func ("/session/contour/picture/random", test_picture_random);
  return g_test_run ();
}
