/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Activation rules: what is one, what is none, and what they match. */
#include <libdevssh/base/devssh-error.h>
#include <libdevssh/service/devssh-activation.h>

static DevSshActivation *
activation_new (const char *first,
                ...)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_auto(GStrv) rules = NULL;
  g_autoptr(GError) error = NULL;
  DevSshActivation *self;
  va_list args;

  va_start (args, first);
  for (const char *rule = first; rule != NULL; rule = va_arg (args, const char *))
    g_strv_builder_add (builder, rule);
  va_end (args);

  rules = g_strv_builder_end (builder);
  self = devssh_activation_new ((const char * const *) rules, &error);
  g_assert_no_error (error);
  g_assert_nonnull (self);

  return self;
}

static void
test_service_request (void)
{
  g_autoptr(DevSshActivation) self = activation_new ("service-request:one@example.org", NULL);

  g_assert_true (devssh_activation_matches_service_request (self, "one@example.org"));
  g_assert_false (devssh_activation_matches_service_request (self, "one@example.or"));
  g_assert_false (devssh_activation_matches_service_request (self, "one@example.org2"));
  g_assert_false (devssh_activation_matches_service_request (self, ""));
  g_assert_false (devssh_activation_matches_session_request (self, "one@example.org"));
  g_assert_false (devssh_activation_matches_channel_type (self, "one@example.org"));
  g_assert_false (devssh_activation_matches_channel_request (self, "one@example.org", "session"));
}

static void
test_session_request (void)
{
  g_autoptr(DevSshActivation) self = activation_new ("session-request:tcpip-forward",
                                                     "session-request:cancel-tcpip-forward", NULL);

  g_assert_true (devssh_activation_matches_session_request (self, "tcpip-forward"));
  g_assert_true (devssh_activation_matches_session_request (self, "cancel-tcpip-forward"));
  g_assert_false (devssh_activation_matches_session_request (self, "TCPIP-FORWARD"));
  g_assert_false (devssh_activation_matches_service_request (self, "tcpip-forward"));
  g_assert_false (devssh_activation_matches_channel_type (self, "tcpip-forward"));
}

static void
test_channel_type (void)
{
  g_autoptr(DevSshActivation) self = activation_new ("channel-type:direct-tcpip", NULL);

  g_assert_true (devssh_activation_matches_channel_type (self, "direct-tcpip"));
  g_assert_false (devssh_activation_matches_channel_type (self, "session"));
  g_assert_false (devssh_activation_matches_channel_request (self, "direct-tcpip", "direct-tcpip"));
}

static void
test_channel_request (void)
{
  g_autoptr(DevSshActivation) self = activation_new ("channel-request:exec", NULL);

  g_assert_true (devssh_activation_matches_channel_request (self, "exec", "session"));
  g_assert_true (devssh_activation_matches_channel_request (self, "exec", "other"));
  g_assert_true (devssh_activation_matches_channel_request (self, "exec", NULL));
  g_assert_false (devssh_activation_matches_channel_request (self, "shell", "session"));
  g_assert_false (devssh_activation_matches_channel_type (self, "exec"));
}

/* Both words must match, and the opening alone wakes nobody. */
static void
test_channel_request_and_type (void)
{
  g_autoptr(DevSshActivation) self = activation_new ("channel-request:run channel-type:tools@example.org", NULL);

  g_assert_true (devssh_activation_matches_channel_request (self, "run", "tools@example.org"));
  g_assert_false (devssh_activation_matches_channel_request (self, "run", "session"));
  g_assert_false (devssh_activation_matches_channel_request (self, "run", NULL));
  g_assert_false (devssh_activation_matches_channel_request (self, "exec", "tools@example.org"));
  g_assert_false (devssh_activation_matches_channel_type (self, "tools@example.org"));
}

static void
test_mixed (void)
{
  g_autoptr(DevSshActivation) self = activation_new ("session-request:a", "channel-type:b",
                                                     "channel-request:c channel-type:b", NULL);
  g_autoptr(DevSshActivation) again = devssh_activation_ref (self);
  const char * const *rules = devssh_activation_get_rules (self);

  g_assert_true (devssh_activation_matches_session_request (self, "a"));
  g_assert_true (devssh_activation_matches_channel_type (self, "b"));
  g_assert_true (devssh_activation_matches_channel_request (self, "c", "b"));
  g_assert_false (devssh_activation_matches_channel_request (self, "c", "d"));
  g_assert_cmpuint (g_strv_length ((GStrv) rules), ==, 3);
  g_assert_cmpstr (rules[0], ==, "session-request:a");
  g_assert_cmpstr (rules[2], ==, "channel-request:c channel-type:b");
}

static void
test_none (void)
{
  g_autoptr(DevSshActivation) without = activation_new (NULL);
  g_autoptr(DevSshActivation) null = devssh_activation_new (NULL, NULL);

  g_assert_nonnull (null);
  g_assert_null (devssh_activation_get_rules (null)[0]);
  g_assert_null (devssh_activation_get_rules (without)[0]);
  g_assert_false (devssh_activation_matches_service_request (null, "a"));
  g_assert_false (devssh_activation_matches_session_request (null, "a"));
  g_assert_false (devssh_activation_matches_channel_type (null, "a"));
  g_assert_false (devssh_activation_matches_channel_request (null, "a", "a"));
}

#define NAME_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
test_longest_name (void)
{
  g_autoptr(DevSshActivation) self = activation_new ("channel-type:" NAME_64, NULL);

  g_assert_true (devssh_activation_matches_channel_type (self, NAME_64));
}

static const struct
{
  const char *rule;
  const char *reason;   /* a part of the message */
} faults[] = {
  { "", "expected" },
  { " ", "expected" },
  { "session-request", "expected" },
  { "session-request:", "a name is missing" },
  { "Session-Request:a", "expected" },
  { "session_request:a", "expected" },
  { "a", "expected" },
  { ":a", "expected" },
  { " session-request:a", "expected" },
  { "session-request:a ", "second word" },
  { "session-request: a", "a name is missing" },
  { "session-request:a b", "second word" },
  { "session-request:a channel-type:b", "second word" },
  { "service-request:a channel-type:b", "second word" },
  { "channel-type:b channel-request:a", "second word" },
  { "channel-type:a channel-type:b", "second word" },
  { "channel-request:a  channel-type:b", "second word" },
  { "channel-request:a channel-type:", "a name is missing" },
  { "channel-request:a channel-type:b ", "0x20" },
  { "channel-request:a channel-type:b channel-type:c", "0x20" },
  { "channel-request:a session-request:b", "second word" },
  { "channel-request: channel-type:b", "a name is missing" },
  { "channel-type:a,b", "0x2c" },
  { "channel-type:a\tb", "0x09" },
  { "channel-type:a\nb", "0x0a" },
  { "channel-type:\x7f", "0x7f" },
  { "channel-type:caf\xc3\xa9", "0xc3" },
  { "channel-type:\xff", "not UTF-8" },
  { "channel-type:" NAME_64 "x", "65 characters" },
};

static void
test_fault (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  const char *rules[] = { "session-request:sound", faults[i].rule, NULL };
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshActivation) self = devssh_activation_new (rules, &error);

  g_assert_null (self);
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_CONFIG);
  g_assert_nonnull (strstr (error->message, faults[i].reason));
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/service/activation/service-request", test_service_request);
  g_test_add_func ("/service/activation/session-request", test_session_request);
  g_test_add_func ("/service/activation/channel-type", test_channel_type);
  g_test_add_func ("/service/activation/channel-request", test_channel_request);
  g_test_add_func ("/service/activation/channel-request-and-type", test_channel_request_and_type);
  g_test_add_func ("/service/activation/mixed", test_mixed);
  g_test_add_func ("/service/activation/none", test_none);
  g_test_add_func ("/service/activation/longest-name", test_longest_name);

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autofree char *path = g_strdup_printf ("/service/activation/fault/%u", i);

      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_fault);
    }

  return g_test_run ();
}
