/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The writer: each type of RFC 4251, 5, growth, and wiping. */
#include <libdevssh/wire/devssh-reader-private.h>
#include <libdevssh/wire/devssh-writer-private.h>

#include <string.h>

#include "test-hex.h"

static void
test_writer_types (void)
{
  static const char * const names[] = { "zlib", "none", NULL };
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) bytes = NULL;

  devssh_writer_put_byte (writer, 0xfe);
  devssh_writer_put_boolean (writer, FALSE);
  devssh_writer_put_boolean (writer, 17);
  devssh_writer_put_uint32 (writer, 699921578);
  devssh_writer_put_uint64 (writer, G_GUINT64_CONSTANT (0x0102030405060708));
  devssh_writer_put_string (writer, (const guint8 *) "testing", 7);
  devssh_writer_put_string (writer, NULL, 0);
  devssh_writer_put_utf8 (writer, "ä");
  devssh_writer_put_utf8 (writer, NULL);
  devssh_writer_put_name_list (writer, names);
  devssh_writer_put_name_list (writer, NULL);
  devssh_writer_put_bytes (writer, (const guint8 *) "\xaa\xbb", 2);
  devssh_writer_put_bytes (writer, NULL, 0);

  g_assert_cmpuint (devssh_writer_get_length (writer), ==, 59);
  bytes = devssh_writer_end (writer);
  test_assert_bytes (bytes, "fe 00 01 29b7f4aa 0102030405060708 00000007 74657374696e67 00000000"
                            " 00000002 c3a4 00000000 00000009 7a6c69622c6e6f6e65 00000000 aabb");
  g_assert_cmpuint (devssh_writer_get_length (writer), ==, 0);
}

static void
test_writer_set_uint32 (void)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) bytes = NULL;

  devssh_writer_put_byte (writer, 1);
  devssh_writer_put_uint32 (writer, 0);
  devssh_writer_set_uint32 (writer, 1, 0xdeadbeef);
  bytes = devssh_writer_end (writer);
  test_assert_bytes (bytes, "01deadbeef");
}

static void
test_writer_set_uint32_outside (void)
{
  if (g_test_subprocess ())
    {
      g_autoptr(DevSshWriter) writer = devssh_writer_new ();

      devssh_writer_put_uint32 (writer, 0);
      devssh_writer_set_uint32 (writer, 1, 0);
      return;
    }

  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*devssh_writer_set_uint32: assertion*");
}

static void
test_writer_bad_name (void)
{
  static const char * const bad[][3] = {
    { "fine", "", NULL }, { "a,b", NULL }, { "a b", NULL }, { "\xc3\xa4", NULL }, { "a\n", NULL },
    { "0123456789012345678901234567890123456789012345678901234567890123x", NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(DevSshWriter) writer = devssh_writer_new ();

      g_test_expect_message ("devssh", G_LOG_LEVEL_CRITICAL, "*devssh_name_is_valid*");
      devssh_writer_put_name_list (writer, (const char * const *) bad[i]);
      g_test_assert_expected_messages ();
      g_assert_cmpuint (devssh_writer_get_length (writer), ==, 0);
    }
}

static void
test_writer_grows (void)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();

  for (guint round = 0; round < 2; round++)
    {
      g_autoptr(GBytes) bytes = NULL;
      const guint8 *data;
      gsize length;

      for (guint i = 0; i < 100000; i++)
        devssh_writer_put_byte (writer, (guint8) (i * 7));
      bytes = devssh_writer_end (writer);
      data = g_bytes_get_data (bytes, &length);
      g_assert_cmpuint (length, ==, 100000);
      for (guint i = 0; i < 100000; i++)
        g_assert_cmpuint (data[i], ==, (guint8) (i * 7));
    }
}

/* A password must not stay behind in a writer on the stack. */
static void
test_writer_wipes (void)
{
  DevSshWriter writer;

  devssh_writer_init (&writer);
  devssh_writer_put_utf8 (&writer, "secret");
  devssh_writer_reset (&writer);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpuint (writer.local[i], ==, 0);

  devssh_writer_put_utf8 (&writer, "secret");
  for (guint i = 0; i < 1000; i++)
    devssh_writer_put_byte (&writer, 'x');
  g_assert_true (writer.data != writer.local);
  for (guint i = 0; i < sizeof writer.local; i++)
    g_assert_cmpuint (writer.local[i], ==, 0);

  devssh_writer_clear (&writer);
  g_assert_cmpuint (writer.length, ==, 0);
  devssh_writer_put_utf8 (&writer, "secret");
  devssh_writer_clear (&writer);
  for (guint i = 0; i < 10; i++)
    g_assert_cmpuint (writer.local[i], ==, 0);
}

static void
test_writer_round_trip (void)
{
  for (guint i = 0; i < 1000; i++)
    {
      DEVSSH_WRITER_AUTO (writer);
      DevSshReader reader;
      guint8 noise[400];
      gsize length = (gsize) g_test_rand_int_range (0, sizeof noise);
      guint32 small = (guint32) g_test_rand_int ();
      guint64 big = (guint64) (guint32) g_test_rand_int () << 32 | (guint32) g_test_rand_int ();
      DevSshSlice slice;

      for (guint j = 0; j < length; j++)
        noise[j] = (guint8) g_test_rand_int ();

      devssh_writer_put_uint32 (&writer, small);
      devssh_writer_put_slice (&writer, noise, length);
      devssh_writer_put_uint64 (&writer, big);

      devssh_reader_init (&reader, writer.data, writer.length);
      g_assert_cmpuint (devssh_reader_get_uint32 (&reader), ==, small);
      slice = devssh_reader_get_slice (&reader);
      g_assert_cmpmem (slice.data, slice.length, noise, length);
      g_assert_cmpuint (devssh_reader_get_uint64 (&reader), ==, big);
      g_assert_true (devssh_reader_finish_all (&reader, NULL));
    }
}

static void
test_writer_references (void)
{
  DevSshWriter *writer = devssh_writer_new ();
  g_autoptr(DevSshWriter) second = devssh_writer_ref (writer);
  g_auto(GValue) value = G_VALUE_INIT;

  devssh_writer_put_byte (writer, 1);
  devssh_writer_unref (writer);
  g_assert_cmpuint (devssh_writer_get_length (second), ==, 1);

  g_value_init (&value, DEVSSH_TYPE_WRITER);
  g_value_set_boxed (&value, second);
  g_assert_true (g_value_get_boxed (&value) == second);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wire/writer/types", test_writer_types);
  g_test_add_func ("/wire/writer/set-uint32", test_writer_set_uint32);
  g_test_add_func ("/wire/writer/set-uint32/outside", test_writer_set_uint32_outside);
  g_test_add_func ("/wire/writer/bad-name/T-14", test_writer_bad_name);
  g_test_add_func ("/wire/writer/grows", test_writer_grows);
  g_test_add_func ("/wire/writer/wipes", test_writer_wipes);
  g_test_add_func ("/wire/writer/round-trip", test_writer_round_trip);
  g_test_add_func ("/wire/writer/references", test_writer_references);

  return g_test_run ();
}
