/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The payloads of forwarding: exact bytes (RFC 4254, 7; OpenSSH's PROTOCOL, 2.4), and what is refused. */
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/service/devssh-port-forward-message.h>

#include "../wire/test-hex.h"

#define PATH_HEX "0000000a 2f72756e 2f612073 2e6b"   /* "/run/a s.k" */

/* One row is one type; every one is written, read, and cut. */
static const struct
{
  const char *type;
  const char *host;
  guint       port;
  const char *originator;
  guint       originator_port;
  const char *hex;
} rows[] = {
  { "tcpip-forward", "localhost", 8080, NULL, 0, "00000009 6c6f6361 6c686f73 74 00001f90" },
  { "tcpip-forward", "", 0, NULL, 0, "00000000 00000000" },
  { "cancel-tcpip-forward", "::1", 65535, NULL, 0, "00000003 3a3a31 0000ffff" },
  { "forwarded-tcpip", "localhost", 80, "127.0.0.1", 1025,
    "00000009 6c6f6361 6c686f73 74 00000050 00000009 3132372e 302e302e 31 00000401" },
  { "direct-tcpip", "a.example", 443, "", 0, "00000009 612e6578 616d706c 65 000001bb 00000000 00000000" },
  { "streamlocal-forward@openssh.com", "/run/a s.k", 0, NULL, 0, PATH_HEX },
  { "cancel-streamlocal-forward@openssh.com", "/run/a s.k", 0, NULL, 0, PATH_HEX },
  { "forwarded-streamlocal@openssh.com", "/run/a s.k", 0, "", 0, PATH_HEX "00000000" },
  { "direct-streamlocal@openssh.com", "/run/a s.k", 0, "", 0, PATH_HEX "00000000 00000000" },
};

static DevSshPortForwardMessage *
made (guint i)
{
  return rows[i].originator != NULL
         ? devssh_port_forward_message_new_channel_open (rows[i].type, rows[i].host, rows[i].port,
                                                         rows[i].originator, rows[i].originator_port)
         : devssh_port_forward_message_new_request (rows[i].type, rows[i].host, rows[i].port);
}

static void
test_bytes (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(DevSshPortForwardMessage) message = made (i);
      g_autoptr(GBytes) bytes = devssh_port_forward_message_to_bytes (message);
      g_autoptr(DevSshPortForwardMessage) read = NULL;
      g_autoptr(GBytes) again = NULL;
      g_autoptr(GError) error = NULL;

      g_test_message ("%s", rows[i].type);
      test_assert_bytes (bytes, rows[i].hex);
      g_assert_null (devssh_port_forward_message_get_extra (message));

      read = devssh_port_forward_message_parse (rows[i].type, bytes, &error);
      g_assert_no_error (error);
      g_assert_cmpint (devssh_port_forward_message_get_kind (read), ==,
                       rows[i].originator != NULL ? DEVSSH_PORT_FORWARD_MESSAGE_KIND_CHANNEL_OPEN
                                                  : DEVSSH_PORT_FORWARD_MESSAGE_KIND_REQUEST);
      g_assert_cmpstr (devssh_port_forward_message_get_message_type (read), ==, rows[i].type);
      g_assert_cmpstr (devssh_port_forward_message_get_host (read), ==, rows[i].host);
      g_assert_cmpuint (devssh_port_forward_message_get_port (read), ==, rows[i].port);
      g_assert_cmpstr (devssh_port_forward_message_get_originator (read), ==, rows[i].originator);
      g_assert_cmpuint (devssh_port_forward_message_get_originator_port (read), ==, rows[i].originator_port);
      g_assert_cmpuint (g_bytes_get_size (devssh_port_forward_message_get_extra (read)), ==, 0);
      again = devssh_port_forward_message_to_bytes (read);
      g_assert_true (g_bytes_equal (again, bytes));
    }
}

static void
test_cut (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(GBytes) bytes = test_hex (rows[i].hex);

      for (gsize length = 0; length < g_bytes_get_size (bytes); length++)
        {
          g_autoptr(GBytes) cut = g_bytes_new_from_bytes (bytes, 0, length);
          g_autoptr(GError) error = NULL;

          g_assert_null (devssh_port_forward_message_parse (rows[i].type, cut, &error));
          g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_TRUNCATED);
        }
    }
}

/* An application's own fields behind the known ones. */
static void
test_extra (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *hex = g_strconcat (rows[i].hex, "00000001 78", NULL);
      g_autoptr(GBytes) bytes = test_hex (hex);
      g_autoptr(GError) error = NULL;
      g_autoptr(DevSshPortForwardMessage) message = devssh_port_forward_message_parse (rows[i].type, bytes, &error);
      g_autoptr(GBytes) again = NULL;

      g_assert_no_error (error);
      test_assert_bytes (devssh_port_forward_message_get_extra (message), "00000001 78");
      again = devssh_port_forward_message_to_bytes (message);
      g_assert_true (g_bytes_equal (again, bytes));
    }
}

static void
test_defaults (void)
{
  g_autoptr(DevSshPortForwardMessage) request = devssh_port_forward_message_new_request (NULL, "a", 1);
  g_autoptr(DevSshPortForwardMessage) open = devssh_port_forward_message_new_channel_open (NULL, "a", 1, NULL, 0);
  g_autoptr(DevSshPortForwardMessage) same = devssh_port_forward_message_ref (open);
  g_autoptr(DevSshPortForwardMessage) boxed = g_boxed_copy (DEVSSH_TYPE_PORT_FORWARD_MESSAGE, open);

  g_assert_cmpstr (devssh_port_forward_message_get_message_type (request), ==, "tcpip-forward");
  g_assert_cmpstr (devssh_port_forward_message_get_message_type (open), ==, "forwarded-tcpip");
  g_assert_cmpstr (devssh_port_forward_message_get_originator (open), ==, "");
  g_assert_true (same == open && boxed == open);
}

/* RFC 4254, 7.1 sends the port only if it was left open; peers send it always, or never. */
static void
test_success (void)
{
  static const struct { const char *hex; guint port; const char *extra; } cases[] = {
    { "", 0, "" },
    { "00 00", 0, "0000" },
    { "00001f90", 8080, "" },
    { "00000000", 0, "" },
    { "0000ffff 0102", 65535, "0102" },
  };
  g_autoptr(DevSshPortForwardMessage) message = devssh_port_forward_message_new_success (8080);
  g_autoptr(DevSshPortForwardMessage) none = devssh_port_forward_message_parse_success (NULL, NULL);
  g_autoptr(GBytes) bytes = devssh_port_forward_message_to_bytes (message);
  g_autoptr(GBytes) too_large = test_hex ("00010000");
  g_autoptr(GError) error = NULL;

  test_assert_bytes (bytes, "00001f90");
  g_assert_cmpuint (devssh_port_forward_message_get_port (none), ==, 0);
  g_assert_null (devssh_port_forward_message_get_host (none));
  g_assert_null (devssh_port_forward_message_get_message_type (none));
  g_assert_cmpint (devssh_port_forward_message_get_kind (none), ==, DEVSSH_PORT_FORWARD_MESSAGE_KIND_SUCCESS);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GBytes) payload = test_hex (cases[i].hex);
      g_autoptr(DevSshPortForwardMessage) read = devssh_port_forward_message_parse_success (payload, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (devssh_port_forward_message_get_port (read), ==, cases[i].port);
      test_assert_bytes (devssh_port_forward_message_get_extra (read), cases[i].extra);
    }

  g_assert_null (devssh_port_forward_message_parse_success (too_large, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
}

static void
test_refused (void)
{
  static const struct { const char *type, *hex; int code; } cases[] = {
    { "session", "00000000 00000000", DEVSSH_ERROR_UNSUPPORTED },
    { "tcpip-forward", "00000000 00010050", DEVSSH_ERROR_MALFORMED },          /* 65616 is not 80 (T-85) */
    { "direct-tcpip", "00000001 61 ffffffff 00000000 00000000", DEVSSH_ERROR_MALFORMED },
    { "tcpip-forward", "00000003 612062 00000050", DEVSSH_ERROR_MALFORMED },   /* "a b" */
    { "tcpip-forward", "00000003 610062 00000050", DEVSSH_ERROR_MALFORMED },
    { "tcpip-forward", "00000003 610a62 00000050", DEVSSH_ERROR_MALFORMED },
    { "tcpip-forward", "00000002 c328 00000050", DEVSSH_ERROR_MALFORMED },     /* no UTF-8 */
    { "tcpip-forward", "00000002 2f61 00000050", DEVSSH_ERROR_MALFORMED },     /* a path is no host (T-87) */
    { "direct-tcpip", "00000002 2f61 00000050 00000000 00000000", DEVSSH_ERROR_MALFORMED },
    { "streamlocal-forward@openssh.com", "00000000", DEVSSH_ERROR_MALFORMED },
    { "streamlocal-forward@openssh.com", "00000003 612f62", DEVSSH_ERROR_MALFORMED },       /* "a/b" */
    { "streamlocal-forward@openssh.com", "00000004 2f610062", DEVSSH_ERROR_MALFORMED },     /* "/a\0b" (T-87) */
    { "direct-streamlocal@openssh.com", "00000003 2f6100 00000000 00000000", DEVSSH_ERROR_MALFORMED },
    { "direct-streamlocal@openssh.com", "00000003 2f611b 00000000 00000000", DEVSSH_ERROR_MALFORMED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GBytes) payload = test_hex (cases[i].hex);
      g_autoptr(GError) error = NULL;

      g_test_message ("%s %s", cases[i].type, cases[i].hex);
      g_assert_null (devssh_port_forward_message_parse (cases[i].type, payload, &error));
      g_assert_error (error, DEVSSH_ERROR, cases[i].code);
    }
}

static void
test_no_payload (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (devssh_port_forward_message_parse ("tcpip-forward", NULL, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_TRUNCATED);
}

static void
test_long (void)
{
  static const struct { const char *type; gsize longest; } cases[] = {
    { "tcpip-forward", 255 },
    { "streamlocal-forward@openssh.com", 4095 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      for (gsize length = cases[i].longest; length <= cases[i].longest + 1; length++)
        {
          g_autofree char *host = g_strnfill (length, 'a');
          g_autoptr(DevSshPortForwardMessage) message = NULL;
          g_autoptr(DevSshPortForwardMessage) read = NULL;
          g_autoptr(GBytes) bytes = NULL;

          if (i == 1)
            host[0] = '/';
          message = devssh_port_forward_message_new_request (cases[i].type, host, 0);
          bytes = devssh_port_forward_message_to_bytes (message);
          read = devssh_port_forward_message_parse (cases[i].type, bytes, NULL);
          g_assert_cmpint (read != NULL, ==, length == cases[i].longest);
        }
    }
}

/* Nothing hangs on where a connection comes from: it is no reason to refuse one. */
static void
test_originator (void)
{
  g_autoptr(GBytes) payload = test_hex ("00000001 61 00000050 00000003 610a62 00010000");
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshPortForwardMessage) message = devssh_port_forward_message_parse ("direct-tcpip", payload, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (devssh_port_forward_message_get_originator (message), ==, "");
  g_assert_cmpuint (devssh_port_forward_message_get_originator_port (message), ==, 65536);
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/service/port-forward-message/bytes", test_bytes);
  g_test_add_func ("/service/port-forward-message/cut/T-12", test_cut);
  g_test_add_func ("/service/port-forward-message/extra", test_extra);
  g_test_add_func ("/service/port-forward-message/defaults", test_defaults);
  g_test_add_func ("/service/port-forward-message/success", test_success);
  g_test_add_func ("/service/port-forward-message/refused/T-85/T-87", test_refused);
  g_test_add_func ("/service/port-forward-message/no-payload", test_no_payload);
  g_test_add_func ("/service/port-forward-message/long", test_long);
  g_test_add_func ("/service/port-forward-message/originator", test_originator);

  return g_test_run ();
}
