/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first line of a peer, and whatever comes instead of it (T-01). */
#include "test-peer.h"

#include <string.h>

typedef struct
{
  const char *name;
  const char *input;
  gboolean    is_server;      /* who reads it */
  guint32     reason;         /* 0: accepted */
} Case;

#define PROTOCOL DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR
#define VERSION  DEVSSH_DISCONNECT_REASON_PROTOCOL_VERSION_NOT_SUPPORTED

static const Case cases[] = {
  { "crlf", "SSH-2.0-x\r\n", TRUE, 0 },
  { "lf", "SSH-2.0-x\n", TRUE, 0 },
  { "comment", "SSH-2.0-x_1 and a comment\r\n", FALSE, 0 },
  { "lines-before/client", "hello\r\n\r\nSSH-1.0 is not meant here\rX\nSSH-2.0-x\r\n", FALSE,
    PROTOCOL },
  { "banner/client", "hello\r\n\tworld\n\nSSH-2.0-x\r\n", FALSE, 0 },
  { "banner/server", "hello\r\nSSH-2.0-x\r\n", TRUE, VERSION },
  { "http/server", "GET / HTTP/1.1\r\n", TRUE, VERSION },
  { "first-byte/server", "G", TRUE, VERSION },
  { "1.99/client", "SSH-1.99-x\r\n", FALSE, 0 },
  { "1.99/server", "SSH-1.99-x\r\n", TRUE, VERSION },
  { "1.5", "SSH-1.5-x\r\n", FALSE, VERSION },
  { "3.0", "SSH-3.0-x\r\n", FALSE, VERSION },
  { "2.00", "SSH-2.00-x\r\n", FALSE, VERSION },
  { "no-software", "SSH-2.0-\r\n", FALSE, VERSION },
  { "no-dash", "SSH-2.0\r\n", FALSE, VERSION },
  { "escape", "SSH-2.0-x\033[2J\r\n", FALSE, PROTOCOL },
  { "tab", "SSH-2.0-x\ty\r\n", FALSE, PROTOCOL },
  { "delete", "SSH-2.0-x\177\r\n", TRUE, PROTOCOL },
  { "two-cr", "SSH-2.0-x\r\r\n", TRUE, PROTOCOL },
  { "not-utf8", "SSH-2.0-x \377\r\n", TRUE, PROTOCOL },
};

static void
check (const char *input,
       gsize       length,
       gboolean    is_server,
       guint32     reason)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (is_server));

  test_peer_write (peer, input, length);
  if (reason == 0)
    {
      g_assert_cmpstr (peer->end.story->str, ==, " version kex-started");
      g_assert_nonnull (devssh_transport_get_remote_version (peer->end.transport));
    }
  else
    {
      test_peer_expect_fatal (peer, reason);
      g_assert_null (devssh_transport_get_remote_version (peer->end.transport));
    }
}

static void
test_version_exchange_case (gconstpointer data)
{
  const Case *c = data;

  check (c->input, strlen (c->input), c->is_server, c->reason);
}

static void
test_version_exchange_nul (void)
{
  check ("SSH-2.0-x\0y\r\n", 13, TRUE, PROTOCOL);
  check ("SSH-2.0-x\0y\r\n", 13, FALSE, PROTOCOL);
  check ("be\0fore\r\nSSH-2.0-x\r\n", 20, FALSE, PROTOCOL);
}

static void
check_length (guint    total,
              guint32  reason)
{
  g_autoptr(GString) line = g_string_new ("SSH-2.0-x");

  while (line->len < total - 2)
    g_string_append_c (line, 'y');
  g_string_append (line, "\r\n");

  check (line->str, line->len, FALSE, reason);
  check (line->str, line->len, TRUE, reason);
}

/* RFC 4253, 4.2: 255 characters, CR and LF included. */
static void
test_version_exchange_length (void)
{
  check_length (254, 0);
  check_length (255, 0);
  check_length (256, PROTOCOL);
  check_length (1000, PROTOCOL);
}

static void
test_version_exchange_lines (void)
{
  for (guint lines = 49; lines <= 51; lines++)
    {
      g_autoptr(GString) input = g_string_new (NULL);

      for (guint i = 0; i < lines; i++)
        g_string_append (input, "line\n");
      g_string_append (input, "SSH-2.0-x\n");
      check (input->str, input->len, FALSE, lines <= 50 ? 0 : PROTOCOL);
    }
}

static void
test_version_exchange_bytes (void)
{
  for (guint total = 8191; total <= 8193; total++)
    {
      g_autoptr(GString) input = g_string_new (NULL);

      while (input->len < 4000)
        g_string_append_c (input, 'a');
      g_string_append_c (input, '\n');
      while (input->len < total - 1)
        g_string_append_c (input, 'b');
      g_string_append_c (input, '\n');
      g_string_append (input, "SSH-2.0-x\n");
      check (input->str, input->len, FALSE, total <= 8192 ? 0 : PROTOCOL);
    }
}

/* A megabyte without a line end: refused early, whoever reads it. */
static void
test_version_exchange_endless (void)
{
  g_autofree char *input = g_malloc (1024 * 1024);

  memset (input, 'S', 1024 * 1024);
  check (input, 1024 * 1024, FALSE, PROTOCOL);
  check (input, 1024 * 1024, TRUE, VERSION);
  memcpy (input, "SSH-2.0-", 8);
  check (input, 1024 * 1024, FALSE, PROTOCOL);
  check (input, 1024 * 1024, TRUE, PROTOCOL);
}

/* Byte by byte, with the KEXINIT behind it in the same buffer. */
static void
test_version_exchange_byte_by_byte (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (FALSE));
  static const char input[] = "notice\r\nSSH-2.0-x_1 y\r\n";
  DevSshVersion *version;

  for (guint i = 0; i < sizeof input - 1; i++)
    {
      g_assert_null (devssh_transport_get_remote_version (peer->end.transport));
      test_peer_write (peer, input + i, 1);
    }
  version = devssh_transport_get_remote_version (peer->end.transport);
  g_assert_cmpstr (devssh_version_to_string (version), ==,
                   "SSH-2.0-x_1 y");
  g_assert_cmpuint (peer->end.metrics->now.messages_received, ==, 1);
  g_assert_cmpuint (peer->end.metrics->now.bytes_received, ==, strlen ("SSH-2.0-x_1 y\r\n"));
}

/* LF alone, lines before, comments: all of it enters the hash as it must, or no exchange would
 * succeed. */
static void
test_version_exchange_hashed (gconstpointer data)
{
  const char *end = data;
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (FALSE));
  g_autofree char *line = NULL;

  g_free (peer->version);
  peer->version = g_strdup ("SSH-2.0-x_1 a comment, with - and _");
  line = g_strconcat ("before\r\n", peer->version, end, NULL);
  test_peer_write (peer, line, strlen (line));
  test_peer_read_version (peer);
  test_peer_exchange (peer);
  g_assert_cmpstr (peer->end.story->str, ==, " version kex-started host-key kex-done");
}

/* The raw line never reaches a log. */
static void
test_version_exchange_trace (void)
{
  g_autoptr(TestPeer) peer = test_peer_new (test_config_new (FALSE));
  DevSshTraceNote *note;
  guint n_versions = 0;

  devssh_tracer_set_level (peer->end.tracer, DEVSSH_TRACE_LEVEL_INFO);
  g_free (peer->version);
  peer->version = g_strdup ("SSH-2.0-x \302\233 \342\200\256");
  test_peer_send_version (peer);
  while ((note = devssh_tracer_take (peer->end.tracer)) != NULL)
    {
      if (note->event == DEVSSH_TRACE_EVENT_PROTOCOL_VERSION)
        {
          g_assert_cmpstr (note->text, ==, "Peer is SSH-2.0-x \\u009b \\u202e");
          n_versions++;
        }
      devssh_trace_note_free (note);
    }
  g_assert_cmpuint (n_versions, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/transport/version-exchange/T-01/", cases[i].name,
                                           NULL);

      g_test_add_data_func (path, &cases[i], test_version_exchange_case);
    }
  g_test_add_func ("/transport/version-exchange/T-01/nul", test_version_exchange_nul);
  g_test_add_func ("/transport/version-exchange/T-01/length", test_version_exchange_length);
  g_test_add_func ("/transport/version-exchange/T-01/lines", test_version_exchange_lines);
  g_test_add_func ("/transport/version-exchange/T-01/bytes", test_version_exchange_bytes);
  g_test_add_func ("/transport/version-exchange/T-01/endless", test_version_exchange_endless);
  g_test_add_func ("/transport/version-exchange/T-02/byte-by-byte",
                   test_version_exchange_byte_by_byte);
  g_test_add_data_func ("/transport/version-exchange/hashed/crlf", "\r\n",
                        test_version_exchange_hashed);
  g_test_add_data_func ("/transport/version-exchange/hashed/lf", "\n",
                        test_version_exchange_hashed);
  g_test_add_func ("/transport/version-exchange/trace/T-57", test_version_exchange_trace);

  return g_test_run ();
}
