/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Big numbers: the examples of RFC 4251, 5, and what must be refused (T-15). */
#include <libdevssh/wire/devssh-reader-private.h>
#include <libdevssh/wire/devssh-writer-private.h>

#include <string.h>

#include "test-hex.h"

/* RFC 4251, 5; the last three are ours. */
static const struct { const char *magnitude, *wire; } vectors[] =
{
  { "", "00000000" },
  { "09a378f9b2e332a7", "00000008 09a378f9b2e332a7" },
  { "80", "00000002 0080" },
  { "01", "00000001 01" },
  { "7f", "00000001 7f" },
  { "ff00", "00000003 00ff00" },
};

static void
test_mpint_vectors (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr(GBytes) magnitude = test_hex (vectors[i].magnitude);
      g_autoptr(DevSshWriter) writer = devssh_writer_new ();
      g_autoptr(GBytes) wire = NULL, back = NULL;
      g_autoptr(DevSshReader) reader = NULL;

      devssh_writer_put_mpint (writer, g_bytes_get_data (magnitude, NULL),
                               g_bytes_get_size (magnitude));
      wire = devssh_writer_end (writer);
      test_assert_bytes (wire, vectors[i].wire);

      reader = devssh_reader_new (wire);
      back = devssh_reader_get_mpint (reader);
      g_assert_true (devssh_reader_finish (reader, NULL));
      test_assert_bytes (back, vectors[i].magnitude);
    }
}

static void
test_mpint_shortest (void)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) wire = NULL;

  devssh_writer_put_mpint (writer, (const guint8 *) "\0\0\0\x80", 4);
  devssh_writer_put_mpint (writer, (const guint8 *) "\0\0\0", 3);
  devssh_writer_put_mpint (writer, (const guint8 *) "\0\x01", 2);
  wire = devssh_writer_end (writer);
  test_assert_bytes (wire, "00000002 0080 00000000 00000001 01");
}

/* What each kind of reading says: the magnitude, or NULL if it is refused. */
static void
check (const char *wire,
       const char *strict,
       const char *lenient)
{
  g_autoptr(GBytes) bytes = test_hex (wire);
  const char *expected[] = { lenient, strict };

  for (guint i = 0; i < 2; i++)
    {
      DevSshReader reader;
      DevSshSlice slice;
      g_autoptr(GError) error = NULL;

      devssh_reader_init (&reader, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      slice = devssh_reader_get_magnitude (&reader, i == 1);
      if (expected[i] == NULL)
        {
          g_assert_false (devssh_reader_finish (&reader, &error));
          g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
          g_assert_cmpuint (slice.length, ==, 0);
        }
      else
        {
          g_autoptr(GBytes) magnitude = g_bytes_new (slice.data, slice.length);

          g_assert_true (devssh_reader_finish_all (&reader, &error));
          test_assert_bytes (magnitude, expected[i]);
        }
    }
}

static void
test_mpint_refused (void)
{
  check ("00000002 edcc", NULL, NULL);            /* RFC 4251, 5: -1234 */
  check ("00000001 80", NULL, NULL);
  check ("00000005 ff21524111", NULL, NULL);      /* RFC 4251, 5: -deadbeef */
  check ("00000001 00", NULL, "");                /* zero, but not in its shortest form */
  check ("00000002 0001", NULL, "01");
  check ("00000003 000080", NULL, "80");
  check ("00000002 0080", "80", "80");
}

/* A number with its first bit set and size bytes, zeros before it. */
static GBytes *
big_number (gsize zeros,
            gsize size)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();

  devssh_writer_put_uint32 (writer, (guint32) (zeros + size));
  for (gsize i = 0; i < zeros; i++)
    devssh_writer_put_byte (writer, 0);
  for (gsize i = 0; i < size; i++)
    devssh_writer_put_byte (writer, 0xff);

  return devssh_writer_end (writer);
}

static void
test_mpint_oversize (void)
{
  struct { gsize zeros, size; gboolean strict, lenient; } cases[] = {
    { 1, 2048, TRUE, TRUE },         /* 16384 bits */
    { 1, 2049, FALSE, FALSE },
    { 9, 2048, FALSE, TRUE },
    { 1, 100000, FALSE, FALSE },
    { 100000, 2048, FALSE, TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GBytes) bytes = big_number (cases[i].zeros, cases[i].size);

      for (guint strict = 0; strict < 2; strict++)
        {
          DevSshReader reader;
          DevSshSlice slice;

          devssh_reader_init (&reader, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
          slice = devssh_reader_get_magnitude (&reader, strict == 1);
          g_assert_cmpint (devssh_reader_ok (&reader), ==,
                           strict ? cases[i].strict : cases[i].lenient);
          g_assert_cmpuint (slice.length, ==, devssh_reader_ok (&reader) ? cases[i].size : 0);
        }
    }
}

static void
test_mpint_round_trip (void)
{
  for (guint i = 0; i < 2000; i++)
    {
      guint8 number[64];
      gsize length = (gsize) g_test_rand_int_range (0, sizeof number);
      gsize zeros = 0;
      g_autoptr(DevSshWriter) writer = devssh_writer_new ();
      g_autoptr(GBytes) wire = NULL, back = NULL;
      g_autoptr(DevSshReader) reader = NULL;

      for (gsize j = 0; j < length; j++)
        number[j] = g_test_rand_bit () ? (guint8) g_test_rand_int () : 0;
      while (zeros < length && number[zeros] == 0)
        zeros++;

      devssh_writer_put_mpint (writer, number, length);
      wire = devssh_writer_end (writer);
      reader = devssh_reader_new (wire);
      back = devssh_reader_get_mpint (reader);
      g_assert_true (devssh_reader_finish (reader, NULL));
      g_assert_cmpuint (devssh_reader_get_available (reader), ==, 0);
      g_assert_cmpmem (g_bytes_get_data (back, NULL), g_bytes_get_size (back),
                       number + zeros, length - zeros);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wire/mpint/vectors/T-15", test_mpint_vectors);
  g_test_add_func ("/wire/mpint/shortest/T-15", test_mpint_shortest);
  g_test_add_func ("/wire/mpint/refused/T-15", test_mpint_refused);
  g_test_add_func ("/wire/mpint/oversize/T-15", test_mpint_oversize);
  g_test_add_func ("/wire/mpint/round-trip/T-15", test_mpint_round_trip);

  return g_test_run ();
}
