/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes that are wiped, compared without telling, and random ones. */
#include <libdevssh/crypto/devssh-crypto-private.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test-free-watch.h"

static void
test_secret_copy (void)
{
  g_autoptr(DevSshSecret) secret = devssh_secret_new_copy ((const guint8 *) "swordfish", 9);
  g_autoptr(DevSshSecret) copy = devssh_secret_dup (secret);
  g_autoptr(DevSshSecret) zeros = devssh_secret_new (5);
  static const guint8 five[5];

  g_assert_cmpmem (copy->data, copy->length, "swordfish", 9);
  g_assert_true (copy != secret);
  g_assert_cmpmem (zeros->data, zeros->length, five, 5);
  g_assert_null (devssh_secret_dup (NULL));
  devssh_secret_free (NULL);
  devssh_secret_strfree (NULL);
}

static void
test_secret_equal (void)
{
  g_autoptr(DevSshSecret) secret = devssh_secret_new_copy ((const guint8 *) "swordfish", 9);
  g_autoptr(DevSshSecret) empty = devssh_secret_new (0);

  g_assert_true (devssh_secret_equal (secret, (const guint8 *) "swordfish", 9));
  g_assert_false (devssh_secret_equal (secret, (const guint8 *) "swordfish", 8));
  g_assert_false (devssh_secret_equal (secret, (const guint8 *) "swordfish\0", 10));
  g_assert_false (devssh_secret_equal (secret, (const guint8 *) "Swordfish", 9));
  g_assert_false (devssh_secret_equal (secret, (const guint8 *) "swordfisH", 9));
  g_assert_false (devssh_secret_equal (secret, NULL, 0));
  g_assert_true (devssh_secret_equal (empty, NULL, 0));

  g_assert_true (devssh_equal_constant_time ("abc", "abc", 3));
  g_assert_false (devssh_equal_constant_time ("abc", "abd", 3));
  g_assert_true (devssh_equal_constant_time ("abc", "abd", 2));
  g_assert_true (devssh_equal_constant_time (NULL, NULL, 0));
}

static void
test_secret_wipe (void)
{
  char text[] = "marker-of-a-password";
  static const char zeros[sizeof text];

  devssh_wipe (text, sizeof text);
  g_assert_cmpmem (text, sizeof text, zeros, sizeof zeros);
  devssh_wipe (NULL, 0);
}

static void
test_secret_freed (void)
{
  static const char marker[] = "XyZZy-marker-0123456789-XyZZy-marker";
  char *text = NULL;
  DevSshSecret *secret = NULL;

  /* The watch sees what is not wiped ... */
  test_watch_begin ((const guint8 *) marker, sizeof marker - 1);
  g_free (g_strdup (marker));
  g_assert_cmpint (test_watch_end (), ==, 1);

  /* ... and nothing of what is. */
  test_watch_begin ((const guint8 *) marker, sizeof marker - 1);
  text = devssh_secret_strdup (marker);
  secret = devssh_secret_new_copy ((const guint8 *) marker, sizeof marker);
  devssh_secret_strfree (text);
  devssh_secret_free (secret);
  g_assert_cmpint (test_watch_end (), ==, 0);
}

static void
test_random_differs (void)
{
  guint8 a[64], b[64];
  guint8 large[10000];
  guint counts[256] = { 0 };

  devssh_random (a, sizeof a);
  devssh_random (b, sizeof b);
  g_assert_cmpint (memcmp (a, b, sizeof a), !=, 0);
  devssh_random (a, 0);

  /* Through the buffer's end several times, and past it at once. */
  for (gsize i = 0; i < sizeof large; i += 100)
    devssh_random (large + i, 100);
  for (gsize i = 0; i < sizeof large; i++)
    counts[large[i]]++;
  /* 39 each on average, standard deviation 6: ten of those away means it is broken. */
  for (guint i = 0; i < 256; i++)
    g_assert_true (counts[i] > 0 && counts[i] < 100);

  memset (large, 0, sizeof large);
  devssh_random (large, sizeof large);
  memset (counts, 0, sizeof counts);
  for (gsize i = 0; i < sizeof large; i++)
    counts[large[i]]++;
  for (guint i = 0; i < 256; i++)
    g_assert_true (counts[i] > 0 && counts[i] < 100);
}

/* A child has a copy of its parent's buffer and must not give the same bytes out. */
static void
test_random_fork (void)
{
  guint8 ours[16], theirs[16];
  int pipes[2];
  int status = 0;
  pid_t pid = 0;

  devssh_random (ours, sizeof ours);
  g_assert_cmpint (pipe (pipes), ==, 0);
  pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      devssh_random (theirs, sizeof theirs);
      _exit (write (pipes[1], theirs, sizeof theirs) == sizeof theirs ? 0 : 1);
    }

  devssh_random (ours, sizeof ours);
  g_assert_cmpint (read (pipes[0], theirs, sizeof theirs), ==, sizeof theirs);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
  g_assert_cmpint (memcmp (ours, theirs, sizeof ours), !=, 0);
  close (pipes[0]);
  close (pipes[1]);
}

static gpointer
test_random_in_thread (gpointer data)
{
  devssh_random (data, 16);
  return NULL;
}

static void
test_random_threads (void)
{
  guint8 bytes[4][16];
  GThread *threads[4];

  for (guint i = 0; i < 4; i++)
    threads[i] = g_thread_new ("random", test_random_in_thread, bytes[i]);
  for (guint i = 0; i < 4; i++)
    g_thread_join (threads[i]);
  for (guint i = 0; i < 4; i++)
    {
      for (guint j = 0; j < i; j++)
        g_assert_cmpint (memcmp (bytes[i], bytes[j], 16), !=, 0);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/crypto/secret/copy", test_secret_copy);
  g_test_add_func ("/crypto/secret/equal/T-39", test_secret_equal);
  g_test_add_func ("/crypto/secret/wipe/T-82", test_secret_wipe);
  /* Where free() belongs to a sanitizer the other build has looked. */
  if (test_can_watch_free ())
    g_test_add_func ("/crypto/secret/wiped-when-freed/T-82", test_secret_freed);
  g_test_add_func ("/crypto/random/differs", test_random_differs);
  g_test_add_func ("/crypto/random/fork", test_random_fork);
  g_test_add_func ("/crypto/random/threads", test_random_threads);

  return g_test_run ();
}
