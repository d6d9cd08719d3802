/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a peer's text becomes before anybody sees it (T-57). */
#include <libdevssh/wire/devssh-names-private.h>

#include <string.h>

static void
check (const char *text,
       gsize       length,
       const char *expected)
{
  g_autofree char *shown = devssh_text_for_people ((const guint8 *) text, length);

  g_assert_cmpstr (shown, ==, expected);
}

static void
test_text_kept (void)
{
  check ("", 0, "");
  check (NULL, 0, "");
  check ("plain text, 100 %", 17, "plain text, 100 %");
  check ("Grüße ☃ 漢字 🙂", strlen ("Grüße ☃ 漢字 🙂"), "Grüße ☃ 漢字 🙂");
}

static void
test_text_escaped (void)
{
  check ("a\r\nb", 4, "a\\x0d\\x0ab");
  check ("\033[2Jgone", 8, "\\x1b[2Jgone");
  check ("a\0b\0", 4, "a\\x00b\\x00");
  check ("\x7f", 1, "\\x7f");
  check ("\xc2\x9b" "31m", 5, "\\x9b31m");                       /* C1: CSI in one character */
  check ("\xe2\x80\xae" "txt.exe", 10, "\\u202etxt.exe");        /* right-to-left override */
  check ("\xe2\x81\xa6\xe2\x81\xa9", 6, "\\u2066\\u2069");
  check ("\xd8\x9c", 2, "\\u061c");
  check ("\xe2\x80\xa8", 3, "\\u2028");
}

static void
test_text_invalid (void)
{
  check ("a\xff" "b", 3, "a�b");
  check ("\xc0\x80", 2, "��");
  check ("\xe2\x98", 2, "��");
  check ("\xe2\x98\xe2\x98\x83", 5, "��☃");
  check ("\xed\xa0\x80", 3, "���");
  check ("\xf4\x90\x80\x80", 4, "����");
}

static void
test_text_cut (void)
{
  g_autofree char *letters = g_strnfill (100000, 'x');
  g_autofree char *zeros = g_malloc0 (100000);
  GString *snowmen = g_string_new (NULL);
  g_autofree char *first = devssh_text_for_people ((const guint8 *) letters, 100000);
  g_autofree char *second = devssh_text_for_people ((const guint8 *) zeros, 100000);
  g_autofree char *third = NULL;

  for (guint i = 0; i < 1000; i++)
    g_string_append (snowmen, "☃");
  third = devssh_text_for_people ((const guint8 *) snowmen->str, snowmen->len);

  g_assert_cmpuint (strlen (first), ==, 1024);
  g_assert_cmpuint (strlen (second), ==, 1024);
  g_assert_cmpuint (strlen (third), ==, 1023);
  g_assert_true (g_utf8_validate (third, -1, NULL));
  g_string_free (snowmen, TRUE);
}

/* Whatever comes in: valid UTF-8 comes out, without a control character, and short. */
static void
test_text_noise (void)
{
  for (guint i = 0; i < 3000; i++)
    {
      guint8 noise[64];
      g_autofree char *shown = NULL;

      for (guint j = 0; j < sizeof noise; j++)
        {
          /* bytes that begin and continue characters, more often than chance has it */
          static const guint8 likely[] = { 0xe2, 0x80, 0xaa, 0xc2, 0x9b, 0xf0, 0x9f, 0x00, 0x1b,
                                           'a' };

          noise[j] = g_test_rand_bit () ? (guint8) g_test_rand_int ()
                                        : likely[g_test_rand_int_range (0, sizeof likely)];
        }
      shown = devssh_text_for_people (noise, (gsize) g_test_rand_int_range (0, sizeof noise + 1));
      g_assert_true (g_utf8_validate (shown, -1, NULL));
      for (const char *p = shown; *p != '\0'; p = g_utf8_next_char (p))
        {
          gunichar c = g_utf8_get_char (p);

          g_assert_false (g_unichar_iscntrl (c));
          g_assert_false ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069));
        }
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wire/text/kept/T-57", test_text_kept);
  g_test_add_func ("/wire/text/escaped/T-57", test_text_escaped);
  g_test_add_func ("/wire/text/invalid/T-57", test_text_invalid);
  g_test_add_func ("/wire/text/cut/T-57", test_text_cut);
  g_test_add_func ("/wire/text/noise/T-57", test_text_noise);

  return g_test_run ();
}
