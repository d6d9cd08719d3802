/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readiness: the same sentences for sockets in epoll, sockets in the portable twin, pipes of both kinds, and streams that cannot be polled. */
#include <libdevssh/session/devssh-io-source-private.h>

#include "../test-far-end.h"
#include "rendezvous-stream.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- streams ---- */

static void
test_pair_clear (TestFarEnd *pair)
{
  if (pair->far_out != pair->far_in)
    close (pair->far_out);
  close (pair->far_in);
  g_io_stream_close (pair->stream, NULL, NULL);
  g_object_unref (pair->stream);
}

/* ---- a watch that notes what it is told ---- */

typedef struct
{
  DevSshContext *context;
  DevSshIoWatch *watch;
  GString       *received;
  gboolean       eof;
  GError        *error;
  guint          calls;
  GIOCondition   seen;
  gsize          per_call;    /* reads so many bytes each time; 0: all */
  gboolean       free_inside;
} Reader;

static void
test_reader_cb (DevSshIoWatch *watch,
                GIOCondition   condition,
                gpointer       user_data)
{
  Reader *self = user_data;
  guint8 buffer[4096];
  gsize size = self->per_call != 0 ? self->per_call : sizeof buffer;
  gssize n;

  self->calls++;
  self->seen |= condition;
  if ((condition & G_IO_IN) == 0)
    return;

  do
    {
      n = devssh_io_watch_read (watch, buffer, size, &self->error);
      if (n > 0)
        g_string_append_len (self->received, (char *) buffer, n);
      else if (n == 0)
        self->eof = TRUE;
    }
  while (n > 0 && self->per_call == 0);

  if (n == 0 || n == -1)
    devssh_io_watch_set_wanted (watch, 0);
  if (self->free_inside)
    {
      devssh_io_watch_free (watch);
      self->watch = NULL;
    }
}

static void
test_reader_init (Reader     *self,
                  TestFarEnd *pair)
{
  memset (self, 0, sizeof *self);
  self->context = devssh_context_ref_thread_default ();
  self->received = g_string_new (NULL);
  self->watch = devssh_io_watch_new (self->context, pair->stream, test_reader_cb, self);
}

static void
test_reader_clear (Reader *self)
{
  g_clear_pointer (&self->watch, devssh_io_watch_free);
  devssh_context_unref (self->context);
  g_string_free (self->received, TRUE);
  g_clear_error (&self->error);
}

#define test_spin_until(condition) \
  G_STMT_START { while (!(condition)) g_main_context_iteration (NULL, TRUE); } G_STMT_END

/* As long as there is something to do, and not longer than a level that nobody answers would keep it. */
static guint
test_spin_idle (void)
{
  guint turns = 0;

  while (turns < 100 && g_main_context_iteration (NULL, FALSE))
    turns++;
  return turns;
}

static void
test_peer_write (TestFarEnd *pair,
                 const char *text)
{
  g_assert_cmpint (write (pair->far_out, text, strlen (text)), ==, strlen (text));
}

static void
test_peer_hang_up (TestFarEnd *pair)
{
  if (pair->far_out == pair->far_in)
    {
      g_assert_cmpint (shutdown (pair->far_out, SHUT_WR), ==, 0);
      return;
    }
  close (pair->far_out);
  pair->far_out = pair->far_in;
}

/* ---- sentences about every kind ---- */

static void
test_read (gconstpointer data)
{
  TestFarEnd pair;
  Reader reader;

  ((TestFarEndFunc) data) (&pair);
  test_reader_init (&reader, &pair);

  test_peer_write (&pair, "early");
  test_spin_idle ();
  g_assert_cmpuint (reader.calls, ==, 0);

  devssh_io_watch_set_wanted (reader.watch, G_IO_IN);
  test_spin_until (reader.received->len == 5);
  g_assert_cmpstr (reader.received->str, ==, "early");
  g_assert_no_error (reader.error);

  test_peer_write (&pair, " late");
  test_spin_until (reader.received->len == 10);
  g_assert_cmpstr (reader.received->str, ==, "early late");

  /* Nothing is there, nobody calls. */
  test_spin_idle ();
  reader.calls = 0;
  g_assert_cmpuint (test_spin_idle (), <, 100);
  g_assert_cmpuint (reader.calls, ==, 0);

  test_peer_hang_up (&pair);
  test_spin_until (reader.eof);
  g_assert_no_error (reader.error);
  g_assert_cmpuint (test_spin_idle (), <, 100);

  test_reader_clear (&reader);
  test_pair_clear (&pair);
}

/* What one call left is told by another one. */
static void
test_level (gconstpointer data)
{
  TestFarEnd pair;
  Reader reader;

  ((TestFarEndFunc) data) (&pair);
  test_reader_init (&reader, &pair);
  reader.per_call = 2;

  test_peer_write (&pair, "abcdefgh");
  devssh_io_watch_set_wanted (reader.watch, G_IO_IN);
  test_spin_until (reader.received->len == 8);
  g_assert_cmpstr (reader.received->str, ==, "abcdefgh");
  g_assert_cmpuint (reader.calls, >=, 4);

  /* Not wanted: not told, however much is there. */
  devssh_io_watch_set_wanted (reader.watch, 0);
  reader.calls = 0;
  test_peer_write (&pair, "ij");
  g_assert_cmpuint (test_spin_idle (), <, 100);
  g_assert_cmpuint (reader.calls, ==, 0);
  devssh_io_watch_set_wanted (reader.watch, G_IO_IN);
  test_spin_until (reader.received->len == 10);

  test_reader_clear (&reader);
  test_pair_clear (&pair);
}

static gssize
test_peer_read (TestFarEnd *pair,
                guint8     *data,
                gsize       size)
{
  gssize n = read (pair->far_in, data, size);

  return n < 0 && errno == EAGAIN ? -2 : n;
}

static void
test_write (gconstpointer data)
{
  static guint8 block[1024 * 1024];
  g_autofree guint8 *got = g_malloc (sizeof block);
  TestFarEnd pair;
  Reader reader;
  gsize sent = 0, received = 0;
  gboolean blocked = FALSE;

  for (gsize i = 0; i < sizeof block; i++)
    block[i] = (guint8) (i * 7 + i / 251);

  ((TestFarEndFunc) data) (&pair);
  test_reader_init (&reader, &pair);

  while (received < sizeof block)
    {
      g_autoptr(GError) error = NULL;
      gssize n;

      while (sent < sizeof block)
        {
          n = devssh_io_watch_write (reader.watch, block + sent, sizeof block - sent, &error);
          g_assert_no_error (error);
          if (n == DEVSSH_IO_WOULD_BLOCK)
            break;
          g_assert_cmpint (n, >, 0);
          sent += n;
        }
      if (sent < sizeof block)
        {
          blocked = TRUE;
          devssh_io_watch_set_wanted (reader.watch, G_IO_OUT);
        }

      while ((n = test_peer_read (&pair, got + received, sizeof block - received)) > 0)
        received += n;
      if (sent < sizeof block)
        {
          reader.seen = 0;
          test_spin_until (reader.seen & G_IO_OUT);
          devssh_io_watch_set_wanted (reader.watch, 0);
        }
      else
        test_spin_idle ();
    }
  g_assert_true (blocked);
  g_assert_cmpmem (block, sizeof block, got, received);

  test_reader_clear (&reader);
  test_pair_clear (&pair);
}

static void
test_half_close (gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  TestFarEnd pair;
  Reader reader;
  guint8 got[16];
  gssize n;

  ((TestFarEndFunc) data) (&pair);
  test_reader_init (&reader, &pair);

  g_assert_cmpint (devssh_io_watch_write (reader.watch, (guint8 *) "last", 4, &error), ==, 4);
  g_assert_no_error (error);
  devssh_io_watch_shutdown_write (reader.watch);
  for (gsize received = 0; (n = test_peer_read (&pair, got + received, sizeof got - received)) != 0;)
    {
      if (n > 0)
        received += n;
      else
        g_main_context_iteration (NULL, FALSE);
      g_assert_cmpuint (received, <=, 4);
    }
  g_assert_cmpmem (got, 4, "last", 4);

  /* The other way is still open. */
  if (pair.far_in != pair.far_out || data == test_far_end_socket)
    {
      test_peer_write (&pair, "reply");
      devssh_io_watch_set_wanted (reader.watch, G_IO_IN);
      test_spin_until (reader.received->len == 5);
    }

  test_reader_clear (&reader);
  test_pair_clear (&pair);
}

static void
test_free_inside (gconstpointer data)
{
  TestFarEnd pair;
  Reader reader;

  ((TestFarEndFunc) data) (&pair);
  test_reader_init (&reader, &pair);
  reader.free_inside = TRUE;
  test_peer_write (&pair, "x");
  devssh_io_watch_set_wanted (reader.watch, G_IO_IN);
  test_spin_until (reader.watch == NULL);
  test_spin_idle ();
  g_assert_cmpuint (reader.calls, ==, 1);

  test_reader_clear (&reader);
  test_pair_clear (&pair);
}

/* A read that waits for bytes that never come ends with its watch. */
static void
test_free_waiting (gconstpointer data)
{
  TestFarEnd pair;
  Reader reader;

  ((TestFarEndFunc) data) (&pair);
  test_reader_init (&reader, &pair);
  devssh_io_watch_set_wanted (reader.watch, G_IO_IN);
  test_spin_idle ();
  g_clear_pointer (&reader.watch, devssh_io_watch_free_and_close);
  test_spin_until (g_io_stream_is_closed (pair.stream));
  g_assert_cmpuint (reader.calls, ==, 0);

  test_reader_clear (&reader);
  test_pair_clear (&pair);
}

/* What was taken still leaves, and then the peer sees the end. */
static void
test_close_flushes (gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  TestFarEnd pair;
  Reader reader;
  guint8 got[16];
  gsize received = 0;

  ((TestFarEndFunc) data) (&pair);
  test_reader_init (&reader, &pair);
  g_assert_cmpint (devssh_io_watch_write (reader.watch, (guint8 *) "goodbye", 7, &error), ==, 7);
  g_clear_pointer (&reader.watch, devssh_io_watch_free_and_close);
  for (;;)
    {
      gssize n = test_peer_read (&pair, got + received, sizeof got - received);

      if (n == 0)
        break;
      if (n > 0)
        received += n;
      else
        g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpmem (got, received, "goodbye", 7);
  test_spin_idle ();

  test_reader_clear (&reader);
  test_pair_clear (&pair);
}

/* ---- design D12: a nested loop ---- */

typedef struct
{
  Reader  *other;
  gboolean nested;
  guint    depth;
} Nest;

static void
test_nest_cb (DevSshIoWatch *watch,
              GIOCondition   condition,
              gpointer       user_data)
{
  Nest *self = user_data;
  guint8 buffer[16];

  if (devssh_io_watch_read (watch, buffer, sizeof buffer, NULL) <= 0)
    return;

  self->depth++;
  g_assert_cmpuint (self->depth, ==, 1);
  test_spin_until (self->other->received->len == 3);
  self->nested = TRUE;
  self->depth--;
}

/* Both are ready in the same turn: while the handler of one nests, the other goes on. */
static void
test_nested_loop (gconstpointer data)
{
  TestFarEnd first, second;
  Reader reader;
  Nest nest = { &reader, FALSE, 0 };
  DevSshIoWatch *watch;

  ((TestFarEndFunc) data) (&first);
  ((TestFarEndFunc) data) (&second);
  test_reader_init (&reader, &second);
  watch = devssh_io_watch_new (reader.context, first.stream, test_nest_cb, &nest);
  devssh_io_watch_set_wanted (watch, G_IO_IN);
  devssh_io_watch_set_wanted (reader.watch, G_IO_IN);
  test_peer_write (&first, "go");
  test_peer_write (&second, "abc");
  test_spin_until (nest.nested);
  g_assert_cmpstr (reader.received->str, ==, "abc");

  devssh_io_watch_free (watch);
  test_reader_clear (&reader);
  test_pair_clear (&second);
  test_pair_clear (&first);
}

/* ---- T-60 ---- */

static volatile sig_atomic_t n_sigpipe;

static void
test_sigpipe_handler (int number)
{
  n_sigpipe++;
}

static void
test_no_sigpipe (gconstpointer data)
{
  g_autoptr(GError) error = NULL;
  struct sigaction action = { .sa_handler = test_sigpipe_handler };
  struct sigaction before;
  TestFarEnd pair;
  Reader reader;
  gssize n = 0;

  ((TestFarEndFunc) data) (&pair);
  test_reader_init (&reader, &pair);
  g_assert_cmpint (sigaction (SIGPIPE, NULL, &before), ==, 0);
  g_assert_true (before.sa_handler == SIG_IGN);
  /* GLib ignores the signal for the whole process as soon as it knows sockets; our own writes must not need that. */
  g_assert_cmpint (sigaction (SIGPIPE, &action, &before), ==, 0);
  n_sigpipe = 0;
  if (pair.far_out != pair.far_in)
    close (pair.far_out);
  close (pair.far_in);
  pair.far_in = pair.far_out = dup (0);
  while (n != -1)
    {
      n = devssh_io_watch_write (reader.watch, (guint8 *) "x", 1, &error);
      if (n == DEVSSH_IO_WOULD_BLOCK)
        {
          reader.calls = 0;
          devssh_io_watch_set_wanted (reader.watch, G_IO_OUT);
          test_spin_until (reader.calls > 0);
          devssh_io_watch_set_wanted (reader.watch, 0);
        }
    }
  if (data == test_far_end_buffered)
    g_assert_cmpint (n_sigpipe, >=, 0);   /* here GIO itself writes, in a thread of its own */
  else
    g_assert_cmpint (n_sigpipe, ==, 0);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  sigaction (SIGPIPE, &before, NULL);

  test_reader_clear (&reader);
  test_pair_clear (&pair);
}

/* ---- sockets only ---- */

/* Both ends of a TCP connection; a reset can be seen on no other. */
static void
test_tcp_pair (GSocketConnection **near_end,
               GSocketConnection **far_end)
{
  g_autoptr(GSocketListener) listener = g_socket_listener_new ();
  g_autoptr(GSocketClient) client = g_socket_client_new ();
  g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr(GSocketAddress) any = g_inet_socket_address_new (loopback, 0);
  g_autoptr(GSocketAddress) address = NULL;
  g_autoptr(GError) error = NULL;

  g_assert_true (g_socket_listener_add_address (listener, any, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                                NULL, &address, &error));
  g_socket_client_set_enable_proxy (client, FALSE);
  *far_end = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, &error);
  g_assert_no_error (error);
  *near_end = g_socket_listener_accept (listener, NULL, NULL, &error);
  g_assert_no_error (error);
}

static void
test_abort (void)
{
  g_autoptr(GSocketConnection) near_end = NULL;
  g_autoptr(GSocketConnection) far_end = NULL;
  TestFarEnd pair = { NULL, -1, -1 };
  TestFarEnd far_pair = { NULL, -1, -1 };
  Reader reader, far_reader;

  test_tcp_pair (&near_end, &far_end);
  pair.stream = G_IO_STREAM (near_end);
  far_pair.stream = G_IO_STREAM (far_end);
  test_reader_init (&reader, &pair);
  test_reader_init (&far_reader, &far_pair);
  devssh_io_watch_set_wanted (far_reader.watch, G_IO_IN);

  devssh_io_watch_abort (reader.watch);
  g_clear_pointer (&reader.watch, devssh_io_watch_free_and_close);
  test_spin_until (far_reader.calls > 0);
  g_assert_error (far_reader.error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_false (far_reader.eof);
  g_assert_cmpuint (test_spin_idle (), <, 100);

  test_reader_clear (&far_reader);
  test_reader_clear (&reader);
}

/* An application may want its connections to wait for the peer when they are closed; the loop does not wait for that. */
static void
test_close_gracefully (void)
{
  g_autoptr(GSocketConnection) near_end = NULL;
  g_autoptr(GSocketConnection) far_end = NULL;
  TestFarEnd pair = { NULL, -1, -1 };
  Reader reader;

  test_tcp_pair (&near_end, &far_end);
  g_tcp_connection_set_graceful_disconnect (G_TCP_CONNECTION (near_end), TRUE);
  pair.stream = G_IO_STREAM (near_end);
  test_reader_init (&reader, &pair);
  g_clear_pointer (&reader.watch, devssh_io_watch_free_and_close);
  test_spin_idle ();
  g_assert_false (g_io_stream_is_closed (pair.stream));

  g_io_stream_close (G_IO_STREAM (far_end), NULL, NULL);
  test_spin_until (g_io_stream_is_closed (pair.stream));
  test_reader_clear (&reader);
}

/* A peer that is gone both ways is told by epoll whether one asks or not. */
static void
test_hang_up_unwanted (void)
{
  g_autoptr(GSocketConnection) near_end = NULL;
  g_autoptr(GSocketConnection) far_end = NULL;
  TestFarEnd pair = { NULL, -1, -1 };
  Reader reader;
  struct linger linger = { 1, 0 };

  test_tcp_pair (&near_end, &far_end);
  pair.stream = G_IO_STREAM (near_end);
  test_reader_init (&reader, &pair);
  devssh_io_watch_set_wanted (reader.watch, G_IO_IN);
  test_spin_idle ();
  devssh_io_watch_set_wanted (reader.watch, 0);
  setsockopt (g_socket_get_fd (g_socket_connection_get_socket (far_end)), SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  g_io_stream_close (G_IO_STREAM (far_end), NULL, NULL);
  g_assert_cmpuint (test_spin_idle (), <, 100);
  g_assert_cmpuint (reader.calls, ==, 0);

  devssh_io_watch_set_wanted (reader.watch, G_IO_IN);
  test_spin_until (reader.calls > 0);
  g_assert_error (reader.error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);

  test_reader_clear (&reader);
}

/* Closing a descriptor takes it out of epoll silently; the session must hear of it all the same. */
static void
test_closed_beneath (void)
{
  TestFarEnd pair;
  Reader reader;

  test_far_end_socket (&pair);
  test_reader_init (&reader, &pair);
  devssh_io_watch_set_wanted (reader.watch, G_IO_IN);
  test_spin_idle ();
  g_io_stream_close (pair.stream, NULL, NULL);
  test_spin_until (reader.calls > 0);
  g_assert_error (reader.error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpuint (test_spin_idle (), <, 100);
  g_assert_cmpint (devssh_io_watch_write (reader.watch, (guint8 *) "x", 1, NULL), ==, -1);

  test_reader_clear (&reader);
  test_pair_clear (&pair);
}

/* Two watches of one socket: the second cannot be in epoll, and works. */
static void
test_twice (void)
{
  TestFarEnd pair;
  Reader first, second;

  test_far_end_socket (&pair);
  test_reader_init (&first, &pair);
  test_reader_init (&second, &pair);
  devssh_io_watch_set_wanted (first.watch, G_IO_IN);
  devssh_io_watch_set_wanted (second.watch, G_IO_IN);
  test_peer_write (&pair, "abc");
  test_spin_until (first.received->len + second.received->len == 3);
  devssh_io_watch_set_wanted (first.watch, 0);
  test_peer_write (&pair, "def");
  test_spin_until (first.received->len + second.received->len == 6);
  g_assert_cmpuint (second.received->len, >=, 3);

  test_reader_clear (&second);
  test_reader_clear (&first);
  test_pair_clear (&pair);
}

/* A slot is used again; what was said of its former watch is not said to the new one. */
static void
test_generations (void)
{
  TestFarEnd pairs[8];
  Reader readers[8];

  for (int round = 0; round < 3; round++)
    {
      for (int i = 0; i < 8; i++)
        {
          test_far_end_socket (&pairs[i]);
          test_reader_init (&readers[i], &pairs[i]);
          devssh_io_watch_set_wanted (readers[i].watch, G_IO_IN);
          test_peer_write (&pairs[i], "x");
        }
      /* All are ready in one turn; each frees its neighbour. */
      for (int i = 0; i < 8; i += 2)
        g_clear_pointer (&readers[i].watch, devssh_io_watch_free);
      for (int i = 1; i < 8; i += 2)
        test_spin_until (readers[i].received->len == 1);
      for (int i = 0; i < 8; i++)
        {
          g_assert_cmpuint (readers[i].calls, ==, i % 2);
          test_reader_clear (&readers[i]);
          test_pair_clear (&pairs[i]);
        }
    }
}

typedef struct
{
  Reader *victim;
  guint   calls;
} Killer;

static void
test_killer_cb (DevSshIoWatch *watch,
                GIOCondition   condition,
                gpointer       user_data)
{
  Killer *self = user_data;
  guint8 buffer[16];

  self->calls++;
  devssh_io_watch_read (watch, buffer, sizeof buffer, NULL);
  g_clear_pointer (&self->victim->watch, devssh_io_watch_free);
}

/* Two that are ready in the same turn kill each other: only one gets the chance. */
static void
test_killed_in_turn (void)
{
  TestFarEnd pairs[2];
  Reader readers[2];
  Killer killers[2] = { { &readers[1], 0 }, { &readers[0], 0 } };

  for (int i = 0; i < 2; i++)
    {
      test_far_end_socket (&pairs[i]);
      test_reader_init (&readers[i], &pairs[i]);
      devssh_io_watch_free (readers[i].watch);
      readers[i].watch = devssh_io_watch_new (readers[i].context, pairs[i].stream, test_killer_cb, &killers[i]);
    }
  for (int i = 0; i < 2; i++)
    {
      devssh_io_watch_set_wanted (readers[i].watch, G_IO_IN);
      test_peer_write (&pairs[i], "x");
    }
  test_spin_until (killers[0].calls + killers[1].calls > 0);
  test_spin_idle ();
  g_assert_cmpuint (killers[0].calls + killers[1].calls, ==, 1);

  for (int i = 0; i < 2; i++)
    {
      test_reader_clear (&readers[i]);
      test_pair_clear (&pairs[i]);
    }
}

/* T-67: a child that takes everything apart leaves the parent's epoll alone, and writes nothing. */
static void
test_fork (void)
{
  TestFarEnd pair;
  Reader reader;
  guint8 got[16];
  pid_t child;
  int status;

  test_far_end_socket (&pair);
  test_reader_init (&reader, &pair);
  devssh_io_watch_set_wanted (reader.watch, G_IO_IN);
  test_spin_idle ();

  child = fork ();
  if (child == 0)
    {
      g_autoptr(GError) error = NULL;
      gboolean refused = devssh_io_watch_write (reader.watch, (guint8 *) "child", 5, &error) == -1 &&
                         g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CLOSED);

      devssh_io_watch_shutdown_write (reader.watch);
      devssh_io_watch_set_wanted (reader.watch, 0);
      devssh_io_watch_free (reader.watch);
      _exit (refused ? 0 : 1);
    }
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_cmpint (status, ==, 0);

  test_peer_write (&pair, "abc");
  test_spin_until (reader.received->len == 3);
  g_assert_cmpint (devssh_io_watch_write (reader.watch, (guint8 *) "ok", 2, NULL), ==, 2);
  g_assert_cmpint (test_peer_read (&pair, got, sizeof got), ==, 2);

  test_reader_clear (&reader);
  test_pair_clear (&pair);
}

/* A stream whose other end is in this process, and answers while we are still writing. */
typedef struct
{
  DevSshIoWatch *near;
  DevSshIoWatch *far;
  gboolean       writing;
  gboolean       called_inside;
  gboolean       answered;
} Answered;

static void
test_near_cb (DevSshIoWatch *watch,
              GIOCondition   condition,
              gpointer       user_data)
{
  Answered *self = user_data;
  guint8 buffer[16];

  self->called_inside |= self->writing;
  if (devssh_io_watch_read (watch, buffer, sizeof buffer, NULL) == 4)
    self->answered = memcmp (buffer, "pong", 4) == 0;
}

static void
test_far_cb (DevSshIoWatch *watch,
             GIOCondition   condition,
             gpointer       user_data)
{
  guint8 buffer[16];

  if (devssh_io_watch_read (watch, buffer, sizeof buffer, NULL) > 0)
    g_assert_cmpint (devssh_io_watch_write (watch, (const guint8 *) "pong", 4, NULL), ==, 4);
}

static gboolean
test_near_write_cb (gpointer user_data)
{
  Answered *self = user_data;

  self->writing = TRUE;
  g_assert_cmpint (devssh_io_watch_write (self->near, (const guint8 *) "ping", 4, NULL), ==, 4);
  self->writing = FALSE;
  return G_SOURCE_REMOVE;
}

static void
test_answered_inside (void)
{
  g_autoptr(GIOStream) near = NULL;
  g_autoptr(GIOStream) far = NULL;
  DevSshContext *context = devssh_context_ref_thread_default ();
  Answered self = { 0 };

  rendezvous_stream_pair (&near, &far);
  self.near = devssh_io_watch_new (context, near, test_near_cb, &self);
  self.far = devssh_io_watch_new (context, far, test_far_cb, &self);
  devssh_io_watch_set_wanted (self.near, G_IO_IN);
  devssh_io_watch_set_wanted (self.far, G_IO_IN);
  test_spin_idle ();
  g_idle_add (test_near_write_cb, &self);
  test_spin_until (self.answered);
  g_assert_false (self.called_inside);

  devssh_io_watch_free_and_close (self.near);
  devssh_io_watch_free_and_close (self.far);
  test_spin_idle ();
  devssh_context_unref (context);
}

int
main (int   argc,
      char *argv[])
{
  static const struct { const char *name; TestFarEndFunc pair; } kinds[] = {
    { "socket", test_far_end_socket },
    { "pipe", test_far_end_pipe },
    { "blocking-pipe", test_far_end_blocking_pipe },
    { "buffered", test_far_end_buffered },
  };
  static const struct { const char *name; GTestDataFunc func; } sentences[] = {
    { "read", test_read },
    { "level-triggered", test_level },
    { "write", test_write },
    { "half-close", test_half_close },
    { "free-inside", test_free_inside },
    { "free-waiting", test_free_waiting },
    { "close-flushes", test_close_flushes },
    { "nested-loop", test_nested_loop },
    { "T-60/no-sigpipe", test_no_sigpipe },
  };

  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    for (guint j = 0; j < G_N_ELEMENTS (sentences); j++)
      {
        g_autofree char *path = g_strdup_printf ("/session/io-source/%s/%s", kinds[i].name, sentences[j].name);

        g_test_add_data_func (path, kinds[i].pair, sentences[j].func);
      }
  g_test_add_func ("/session/io-source/opaque/answered-inside", test_answered_inside);
  g_test_add_func ("/session/io-source/tcp/abort", test_abort);
  g_test_add_func ("/session/io-source/tcp/close-gracefully", test_close_gracefully);
  g_test_add_func ("/session/io-source/tcp/hang-up-unwanted", test_hang_up_unwanted);
  g_test_add_func ("/session/io-source/socket/closed-beneath", test_closed_beneath);
  g_test_add_func ("/session/io-source/socket/twice", test_twice);
  g_test_add_func ("/session/io-source/socket/generations", test_generations);
  g_test_add_func ("/session/io-source/socket/killed-in-turn", test_killed_in_turn);
  g_test_add_func ("/session/io-source/socket/T-67/fork", test_fork);

  return g_test_run ();
}
