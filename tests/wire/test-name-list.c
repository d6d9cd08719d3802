/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comma lists: RFC 4251, 5 and 6 (T-14), and the first match (T-24). The code is built into this
 * program with a counter, so that its cost is counted in steps and not in time. */
#include <glib.h>

static guint64 n_steps;
#define DEVSSH_NAME_LIST_STEP() (n_steps++)
#include "../../libdevssh/wire/devssh-name-list.c"

#include <libdevssh/wire/devssh-writer-private.h>

static char **
parse (const char  *text,
       gsize        length,
       GError     **error)
{
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) bytes = NULL;
  g_autoptr(DevSshReader) reader = NULL;
  g_auto(GStrv) names = NULL;

  devssh_writer_put_string (writer, (const guint8 *) text, length);
  bytes = devssh_writer_end (writer);
  reader = devssh_reader_new (bytes);
  names = devssh_reader_get_name_list (reader);
  if (!devssh_reader_finish (reader, error))
    {
      g_assert_cmpuint (g_strv_length (names), ==, 0);
      return NULL;
    }

  return g_steal_pointer (&names);
}

static void
test_name_list_vectors (void)
{
  /* RFC 4251, 5: "value ... (), zlib, zlib,none" */
  g_auto(GStrv) none = parse ("", 0, NULL);
  g_auto(GStrv) one = parse ("zlib", 4, NULL);
  g_auto(GStrv) two = parse ("zlib,none", 9, NULL);

  g_assert_cmpuint (g_strv_length (none), ==, 0);
  g_assert_cmpuint (g_strv_length (one), ==, 1);
  g_assert_cmpstr (one[0], ==, "zlib");
  g_assert_cmpuint (g_strv_length (two), ==, 2);
  g_assert_cmpstr (two[0], ==, "zlib");
  g_assert_cmpstr (two[1], ==, "none");
}

/* What libssh 0.10 sends. */
static void
test_name_list_last_comma (void)
{
  g_auto(GStrv) names = parse ("aes256-ctr,aes128-ctr,", 22, NULL);

  g_assert_cmpuint (g_strv_length (names), ==, 2);
  g_assert_cmpstr (names[0], ==, "aes256-ctr");
  g_assert_cmpstr (names[1], ==, "aes128-ctr");
}

static void
test_name_list_refused (void)
{
  static const struct { const char *text; gsize length; } bad[] = {
    { ",", 1 }, { "a,,", 3 }, { ",a", 2 }, { "a,,b", 4 }, { "a b", 3 }, { " a", 2 },
    { "a\0b", 3 }, { "\0", 1 },
    { "a\n", 2 }, { "a\x7f", 2 }, { "\xc3\xa4", 2 }, { "a\x80", 2 }, { "a\x1b[0m", 5 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;

      g_assert_null (parse (bad[i].text, bad[i].length, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
    }
}

/* Every byte there is, alone and between letters. */
static void
test_name_list_bytes (void)
{
  for (guint byte = 0; byte < 256; byte++)
    {
      char text[3] = { 'a', (char) byte, 'b' };
      g_auto(GStrv) names = parse (text, 3, NULL);

      g_assert_cmpint (names != NULL, ==, byte >= 0x21 && byte <= 0x7e);
      g_assert_cmpint (devssh_name_is_valid (text, 3), ==,
                       byte >= 0x21 && byte <= 0x7e && byte != ',');
      if (names != NULL)
        g_assert_cmpuint (g_strv_length (names), ==, byte == ',' ? 2 : 1);
    }
}

static char *
many_names (guint n_names,
            guint length)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n_names; i++)
    {
      g_string_append (text, i > 0 ? "," : "");
      for (guint j = 0; j < length; j++)
        g_string_append_c (text, 'x');
    }

  return g_string_free (text, FALSE);
}

static void
test_name_list_limits (void)
{
  g_autofree char *most = many_names (256, 64);
  g_autofree char *too_many = many_names (257, 1);
  g_autofree char *too_long = many_names (1, 65);
  g_autofree char *long_later = g_strconcat ("a,", too_long, ",b", NULL);
  g_auto(GStrv) names = parse (most, strlen (most), NULL);
  g_autoptr(GError) error = NULL;

  g_assert_cmpuint (g_strv_length (names), ==, 256);
  g_assert_null (parse (too_many, strlen (too_many), &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT);
  g_clear_error (&error);
  g_assert_null (parse (too_long, strlen (too_long), &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
  g_clear_error (&error);
  g_assert_null (parse (long_later, strlen (long_later), &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
}

static void
test_name_list_steps (void)
{
  g_autofree char *endless = many_names (1, 200000);

  for (guint n_names = 1; n_names <= 256; n_names *= 2)
    {
      for (guint length = 1; length <= 64; length *= 2)
        {
          g_autofree char *text = many_names (n_names, length);
          g_auto(GStrv) names = NULL;

          n_steps = 0;
          names = parse (text, strlen (text), NULL);
          g_assert_nonnull (names);
          g_assert_cmpuint (n_steps, ==, (guint64) n_names * length);
        }
    }

  /* A name that is too long costs nothing, however long it is. */
  n_steps = 0;
  g_assert_null (parse (endless, 200000, NULL));
  g_assert_cmpuint (n_steps, <=, 65);
}

static void
test_name_list_round_trip (void)
{
  for (guint i = 0; i < 300; i++)
    {
      g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
      g_auto(GStrv) names = NULL;
      g_auto(GStrv) back = NULL;
      g_autoptr(DevSshWriter) writer = devssh_writer_new ();
      g_autoptr(GBytes) bytes = NULL;
      g_autoptr(DevSshReader) reader = NULL;
      gint32 n_names = g_test_rand_int_range (0, 20);

      for (gint32 j = 0; j < n_names; j++)
        {
          char name[65] = { 0 };
          gint32 length = g_test_rand_int_range (1, 65);

          for (gint32 k = 0; k < length; k++)
            {
              name[k] = (char) g_test_rand_int_range (0x21, 0x7f);
              if (name[k] == ',')
                name[k] = ';';
            }
          g_strv_builder_add (builder, name);
        }
      names = g_strv_builder_end (builder);

      devssh_writer_put_name_list (writer, (const char * const *) names);
      bytes = devssh_writer_end (writer);
      reader = devssh_reader_new (bytes);
      back = devssh_reader_get_name_list (reader);
      g_assert_true (devssh_reader_finish (reader, NULL));
      g_assert_true (g_strv_equal ((const char * const *) names, (const char * const *) back));
    }
}

static void
test_name_list_match (void)
{
  static const char * const client[] = { "ext-info-c", "kex-strict-c-v00@openssh.com", "c",
                                         "aes256-ctrx", "b", "a", NULL };
  static const char * const server[] = { "a", "b", "aes256-ctr", "ext-info-c",
                                         "kex-strict-c-v00@openssh.com", NULL };
  static const char * const other[] = { "aes256-ct", "ext-info-c", NULL };

  g_assert_true (devssh_name_list_match (client, server) == client[4]);
  g_assert_null (devssh_name_list_match (client, other));
  g_assert_null (devssh_name_list_match (NULL, server));
  g_assert_null (devssh_name_list_match (client, NULL));
  g_assert_true (devssh_name_list_contains (server, "aes256-ctr"));
  g_assert_false (devssh_name_list_contains (server, "aes256-ctrx"));
  g_assert_false (devssh_name_list_contains (server, "aes256-ct"));
  g_assert_false (devssh_name_list_contains (NULL, "a"));
}

/* The choice against a model: the smallest index on the client's side that the server has. */
static void
test_name_list_match_model (void)
{
  for (guint i = 0; i < 2000; i++)
    {
      const char *pool[] = { "a", "b", "c", "d", "aa", "ab", "ext-info-s",
                             "kex-strict-s-v00@openssh.com" };
      const char *client[6] = { NULL }, *server[6] = { NULL };
      const char *expected = NULL;

      for (gint32 j = g_test_rand_int_range (0, 6) - 1; j >= 0; j--)
        client[j] = pool[g_test_rand_int_range (0, G_N_ELEMENTS (pool))];
      for (gint32 j = g_test_rand_int_range (0, 6) - 1; j >= 0; j--)
        server[j] = pool[g_test_rand_int_range (0, G_N_ELEMENTS (pool))];
      for (guint j = 0; j < 6 && client[j] != NULL && expected == NULL; j++)
        {
          for (guint k = 0; k < 6 && server[k] != NULL; k++)
            {
              if (g_str_equal (client[j], server[k]) && strchr (client[j], '-') == NULL)
                expected = client[j];
            }
        }

      g_assert_cmpstr (devssh_name_list_match (client, server), ==, expected);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wire/name-list/vectors/T-14", test_name_list_vectors);
  g_test_add_func ("/wire/name-list/refused/T-14", test_name_list_refused);
  g_test_add_func ("/wire/name-list/last-comma/T-14", test_name_list_last_comma);
  g_test_add_func ("/wire/name-list/bytes/T-14", test_name_list_bytes);
  g_test_add_func ("/wire/name-list/limits/T-14", test_name_list_limits);
  g_test_add_func ("/wire/name-list/steps/T-14", test_name_list_steps);
  g_test_add_func ("/wire/name-list/round-trip/T-14", test_name_list_round_trip);
  g_test_add_func ("/wire/name-list/match/T-14/T-24", test_name_list_match);
  g_test_add_func ("/wire/name-list/match-model/T-24", test_name_list_match_model);

  return g_test_run ();
}
