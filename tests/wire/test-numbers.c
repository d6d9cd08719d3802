/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers, their names, and the error domains of the wire's reasons. */
#include <libdevssh/wire/devssh-messages-private.h>

#include <string.h>

static void
test_numbers_message_names (void)
{
  guint n_names = 0;

  g_assert_cmpstr (devssh_message_number_to_string (20), ==, "SSH_MSG_KEXINIT");
  g_assert_cmpstr (devssh_message_number_to_string (100), ==, "SSH_MSG_CHANNEL_FAILURE");
  g_assert_cmpstr (devssh_message_number_to_string (60), ==, "SSH_MSG_USERAUTH_PK_OK");
  g_assert_null (devssh_message_number_to_string (0));
  g_assert_null (devssh_message_number_to_string (8));
  g_assert_null (devssh_message_number_to_string (101));
  g_assert_null (devssh_message_number_to_string (G_MAXUINT));

  for (guint number = 0; number < 256; number++)
    n_names += devssh_message_number_to_string (number) != NULL;
  g_assert_cmpuint (n_names, ==, 31);
}

/* The table, the names and the enumeration say the same. */
static void
test_numbers_message_table (void)
{
  g_autoptr(GEnumClass) klass = g_type_class_ref (DEVSSH_TYPE_MESSAGE_NUMBER);

  for (guint i = 0; i < devssh_n_message_types; i++)
    {
      const DevSshMessageType *type = &devssh_message_types[i];

      if (type->number == 0 || strcmp (type->name, "SSH_MSG_USERAUTH_INFO_REQUEST") == 0)
        continue;
      g_assert_cmpstr (devssh_message_number_to_string (type->number), ==, type->name);
      g_assert_nonnull (g_enum_get_value (klass, type->number));
    }
}

static void
test_numbers_reasons (void)
{
  g_assert_cmpstr (devssh_disconnect_reason_to_string (DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR), ==,
                   "protocol-error");
  g_assert_cmpstr (devssh_disconnect_reason_to_string (DEVSSH_DISCONNECT_REASON_ILLEGAL_USER_NAME),
                   ==, "illegal-user-name");
  g_assert_cmpstr (devssh_disconnect_reason_to_string ((DevSshDisconnectReason) 4711), ==,
                   "unknown");
  g_assert_cmpstr (devssh_channel_open_failure_to_string (DEVSSH_CHANNEL_OPEN_FAILURE_CONNECT_FAILED),
                   ==, "connect-failed");
  g_assert_cmpstr (devssh_channel_open_failure_to_string ((DevSshChannelOpenFailure) 5), ==,
                   "unknown");
  g_assert_cmpstr (devssh_reconnect_failure_to_string (DEVSSH_RECONNECT_FAILURE_SESSION_NOT_FOUND),
                   ==, "session-not-found");
  g_assert_cmpstr (devssh_reconnect_failure_to_string ((DevSshReconnectFailure) 5), ==, "unknown");
  g_assert_cmpint (DEVSSH_RECONNECT_FAILURE_CLIENT_DROPPED_MESSAGES, ==, 104);
}

static void
test_numbers_quarks (void)
{
  g_assert_cmpstr (g_quark_to_string (DEVSSH_CONNECTION_ERROR), ==,
                   "devssh-connection-error-quark");
  g_assert_cmpstr (g_quark_to_string (DEVSSH_CHANNEL_ERROR), ==, "devssh-channel-error-quark");
  g_assert_cmpstr (g_quark_to_string (DEVSSH_RECONNECT_ERROR), ==, "devssh-reconnect-error-quark");
  g_assert_true (DEVSSH_CONNECTION_ERROR != DEVSSH_CHANNEL_ERROR);
}

/* Upstream keeps all its own names in one domain. */
static void
test_numbers_extension_names (void)
{
  static const char * const names[] = {
    DEVSSH_EXTENSION_OPEN_CHANNEL_REQUEST, DEVSSH_EXTENSION_SESSION_RECONNECT,
    DEVSSH_EXTENSION_SESSION_LATENCY,
    DEVSSH_REQUEST_INITIAL_CHANNEL_REQUEST, DEVSSH_REQUEST_ENABLE_SESSION_RECONNECT,
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_true (g_str_has_suffix (names[i], "@microsoft.com"));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wire/numbers/message-names", test_numbers_message_names);
  g_test_add_func ("/wire/numbers/message-table", test_numbers_message_table);
  g_test_add_func ("/wire/numbers/reasons", test_numbers_reasons);
  g_test_add_func ("/wire/numbers/quarks", test_numbers_quarks);
  g_test_add_func ("/wire/numbers/extension-names", test_numbers_extension_names);

  return g_test_run ();
}
