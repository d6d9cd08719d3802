/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reader: each type of RFC 4251, 5, and what happens when it is not there. */
#include <libdevssh/wire/devssh-reader-private.h>

#include "test-hex.h"

static DevSshReader *
reader_of (const char *hex)
{
  g_autoptr(GBytes) bytes = test_hex (hex);

  return devssh_reader_new (bytes);
}

static void
test_reader_types (void)
{
  /* the examples of RFC 4251, 5: uint32 699921578 and the string "testing" */
  g_autoptr(DevSshReader) reader = reader_of ("07 01 00 02 29b7f4aa 29b7f4aa00000001"
                                              " 00000007 74657374696e67"
                                              " 00000003 e29883 00000000 a1a2 b1b2b3");
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) string = NULL, none = NULL, two = NULL, rest = NULL;
  g_autofree char *text = NULL;

  g_assert_cmpuint (devssh_reader_get_byte (reader), ==, 7);
  g_assert_true (devssh_reader_get_boolean (reader));
  g_assert_false (devssh_reader_get_boolean (reader));
  g_assert_cmpint (devssh_reader_get_boolean (reader), ==, TRUE);
  g_assert_cmpuint (devssh_reader_get_uint32 (reader), ==, 699921578);
  g_assert_cmpuint (devssh_reader_get_uint64 (reader), ==, G_GUINT64_CONSTANT (0x29b7f4aa00000001));
  string = devssh_reader_get_string (reader);
  test_assert_bytes (string, "74657374696e67");
  text = devssh_reader_dup_utf8 (reader);
  g_assert_cmpstr (text, ==, "☃");
  none = devssh_reader_get_string (reader);
  g_assert_cmpuint (g_bytes_get_size (none), ==, 0);
  two = devssh_reader_get_bytes (reader, 2);
  test_assert_bytes (two, "a1a2");
  g_assert_cmpuint (devssh_reader_get_available (reader), ==, 3);
  rest = devssh_reader_get_rest (reader);
  test_assert_bytes (rest, "b1b2b3");
  g_assert_cmpuint (devssh_reader_get_available (reader), ==, 0);
  g_assert_true (devssh_reader_finish (reader, &error));
  g_assert_no_error (error);
}

static void
test_reader_first_failure_sticks (void)
{
  g_autoptr(DevSshReader) reader = reader_of ("000000ff 41424344 45");
  g_autoptr(GError) error = NULL;
  g_autoptr(GBytes) string = devssh_reader_get_string (reader);
  g_autoptr(GBytes) again = devssh_reader_get_string (reader);
  g_autoptr(GBytes) rest = devssh_reader_get_rest (reader);
  g_autoptr(GBytes) none = devssh_reader_get_bytes (reader, 0);
  g_autoptr(GBytes) mpint = devssh_reader_get_mpint (reader);
  g_autofree char *text = devssh_reader_dup_utf8 (reader);
  g_auto(GStrv) names = devssh_reader_get_name_list (reader);

  g_assert_cmpuint (g_bytes_get_size (string), ==, 0);
  g_assert_cmpuint (g_bytes_get_size (again), ==, 0);
  g_assert_cmpuint (g_bytes_get_size (rest), ==, 0);
  g_assert_cmpuint (g_bytes_get_size (none), ==, 0);
  g_assert_cmpuint (g_bytes_get_size (mpint), ==, 0);
  g_assert_cmpstr (text, ==, "");
  g_assert_cmpuint (g_strv_length (names), ==, 0);
  g_assert_cmpuint (devssh_reader_get_byte (reader), ==, 0);
  g_assert_false (devssh_reader_get_boolean (reader));
  g_assert_cmpuint (devssh_reader_get_uint32 (reader), ==, 0);
  g_assert_cmpuint (devssh_reader_get_uint64 (reader), ==, 0);
  g_assert_cmpuint (devssh_reader_get_available (reader), ==, 0);

  g_assert_false (devssh_reader_finish (reader, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_TRUNCATED);
  g_assert_cmpstr (error->message, ==, "Expected a string at byte 4, but there are only 9 bytes");
  g_assert_false (devssh_reader_finish (reader, NULL));
}

static void
test_reader_empty (void)
{
  g_autoptr(DevSshReader) reader = reader_of ("");
  g_autoptr(GBytes) rest = devssh_reader_get_rest (reader);

  g_assert_cmpuint (g_bytes_get_size (rest), ==, 0);
  g_assert_true (devssh_reader_finish (reader, NULL));
  g_assert_cmpuint (devssh_reader_get_byte (reader), ==, 0);
  g_assert_false (devssh_reader_finish (reader, NULL));
}

/* No length makes the sum of position and length wrap around. */
static void
test_reader_huge_lengths (void)
{
  gsize lengths[] = { 5, G_MAXINT32, G_MAXUINT32, G_MAXSIZE - 1, G_MAXSIZE };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      guint8 data[4] = { 1, 2, 3, 4 };
      DevSshReader reader;

      devssh_reader_init (&reader, data, sizeof data);
      g_assert_cmpuint (devssh_reader_get_byte (&reader), ==, 1);
      g_assert_null (devssh_reader_take (&reader, lengths[i]));
      g_assert_false (devssh_reader_ok (&reader));
    }
}

static void
test_reader_utf8 (void)
{
  static const char * const bad[] = {
    "00000001 ff",               /* no UTF-8 at all */
    "00000002 c080",             /* an overlong zero */
    "00000003 eda080",           /* half a surrogate pair */
    "00000003 610062",           /* a zero byte inside */
    "00000001 00",
    "00000002 e298",             /* cut inside a character */
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(DevSshReader) reader = reader_of (bad[i]);
      g_autofree char *text = devssh_reader_dup_utf8 (reader);
      g_autoptr(GError) error = NULL;

      g_assert_cmpstr (text, ==, "");
      g_assert_false (devssh_reader_finish (reader, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
      g_assert_cmpstr (error->message, ==, "Found text that is not UTF-8 at byte 0");
    }
}

static void
test_reader_finish_all (void)
{
  const guint8 data[2] = { 1, 2 };
  DevSshReader reader;
  g_autoptr(GError) error = NULL;

  devssh_reader_init (&reader, data, sizeof data);
  devssh_reader_get_byte (&reader);
  g_assert_true (devssh_reader_finish (&reader, NULL));
  g_assert_false (devssh_reader_finish_all (&reader, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);

  devssh_reader_init (&reader, data, sizeof data);
  devssh_reader_get_byte (&reader);
  devssh_reader_get_byte (&reader);
  g_assert_true (devssh_reader_finish_all (&reader, NULL));
}

/* What was read outlives reader and block, without a copy of large blocks. */
static void
test_reader_outlived (void)
{
  GBytes *bytes = test_hex ("00000004 61626364 65666768");
  const guint8 *block = g_bytes_get_data (bytes, NULL);
  DevSshReader *reader = devssh_reader_new (bytes);
  DevSshReader *second = devssh_reader_ref (reader);
  g_autoptr(GBytes) string = devssh_reader_get_string (reader);
  g_autoptr(GBytes) rest = NULL;

  devssh_reader_unref (reader);
  rest = devssh_reader_get_rest (second);
  devssh_reader_unref (second);
  g_bytes_unref (bytes);

  test_assert_bytes (string, "61626364");
  test_assert_bytes (rest, "65666768");
  g_assert_true (g_bytes_get_data (string, NULL) == (gconstpointer) (block + 4));
}

static void
test_reader_boxed (void)
{
  g_autoptr(DevSshReader) reader = reader_of ("01");
  g_auto(GValue) value = G_VALUE_INIT;

  g_value_init (&value, DEVSSH_TYPE_READER);
  g_value_set_boxed (&value, reader);
  g_assert_true (g_value_get_boxed (&value) == reader);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wire/reader/types", test_reader_types);
  g_test_add_func ("/wire/reader/first-failure-sticks/T-12", test_reader_first_failure_sticks);
  g_test_add_func ("/wire/reader/empty", test_reader_empty);
  g_test_add_func ("/wire/reader/huge-lengths/T-12", test_reader_huge_lengths);
  g_test_add_func ("/wire/reader/utf8", test_reader_utf8);
  g_test_add_func ("/wire/reader/finish-all", test_reader_finish_all);
  g_test_add_func ("/wire/reader/outlived", test_reader_outlived);
  g_test_add_func ("/wire/reader/boxed", test_reader_boxed);

  return g_test_run ();
}
