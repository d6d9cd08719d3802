/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exact bytes of the common messages, the counts of T-13, and where a message has two shapes. */
#include <libdevssh/wire/devssh-messages-private.h>

#include <string.h>

#include "test-hex.h"

#define SLICE(text) ((DevSshSlice) { (const guint8 *) (text), strlen (text) })

static void
assert_slice (DevSshSlice  slice,
              const char  *text)
{
  g_assert_cmpmem (slice.data, slice.length, text, strlen (text));
}

static const guint8 *
data_of (GBytes *bytes,
         gsize  *length)
{
  return g_bytes_get_data (bytes, length);
}

static void
test_fields_disconnect (void)
{
  g_autoptr(GBytes) bytes = test_hex ("01 0000000b 00000003 627965");
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) again = NULL;
  g_auto(DevSshDisconnectMessage) message;
  gsize length;
  const guint8 *data = data_of (bytes, &length);

  g_assert_true (devssh_disconnect_message_decode (&message, data, length, NULL));
  g_assert_cmpuint (message.reason, ==, DEVSSH_DISCONNECT_REASON_BY_APPLICATION);
  assert_slice (message.description, "bye");
  g_assert_null (message.language.data);

  /* The language is always written: readers may insist on it. */
  devssh_disconnect_message_encode (&message, writer);
  again = devssh_writer_end (writer);
  test_assert_bytes (again, "01 0000000b 00000003 627965 00000000");
}

static void
test_fields_ignore (void)
{
  static const struct { const char *hex, *data; } cases[] = {
    { "02", "" },
    { "02 00000003 616263", "abc" },
    { "02 00000004 616263", "\0\0\0\4abc" },       /* not the string that it should be */
    { "02 616263", "abc" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr(GBytes) bytes = test_hex (cases[i].hex);
      DevSshIgnoreMessage message;
      gsize length;
      const guint8 *data = data_of (bytes, &length);

      g_assert_true (devssh_ignore_message_decode (&message, data, length, NULL));
      g_assert_cmpuint (message.data.length, ==, i == 2 ? 7 : strlen (cases[i].data));
    }
}

static void
test_fields_kexinit (void)
{
  char *kex[] = { (char *) "curve25519-sha256", (char *) "ext-info-c", NULL };
  char *cipher[] = { (char *) "aes256-ctr", NULL };
  DevSshKexInitMessage message = { .first_kex_packet_follows = TRUE };
  g_auto(DevSshKexInitMessage) back = { 0 };
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) bytes = NULL;
  gsize length;
  const guint8 *data;

  memcpy (message.cookie, "0123456789abcdef", 16);
  message.lists[DEVSSH_KEXINIT_KEX] = kex;
  message.lists[DEVSSH_KEXINIT_CIPHER_S2C] = cipher;
  devssh_kexinit_message_encode (&message, writer);
  bytes = devssh_writer_end (writer);
  test_assert_bytes (bytes, "14 30313233343536373839616263646566"
                            " 0000001c 637572766532353531392d7368613235362c6578742d696e666f2d63"
                            " 00000000 00000000 0000000a 6165733235362d637472"
                            " 00000000 00000000 00000000 00000000 00000000 00000000 01 00000000");

  data = data_of (bytes, &length);
  g_assert_true (devssh_kexinit_message_decode (&back, data, length, NULL));
  g_assert_cmpmem (back.cookie, 16, "0123456789abcdef", 16);
  g_assert_cmpstr (back.lists[DEVSSH_KEXINIT_KEX][1], ==, "ext-info-c");
  g_assert_cmpstr (back.lists[DEVSSH_KEXINIT_CIPHER_S2C][0], ==, "aes256-ctr");
  g_assert_null (back.lists[DEVSSH_KEXINIT_CIPHER_C2S][0]);
  g_assert_true (back.first_kex_packet_follows);
}

/* The signature covers all before it: RFC 4252, 7. */
static void
test_fields_public_key (void)
{
  DevSshUserauthRequestMessage message = {
    .user = (char *) "u", .service = (char *) "ssh-connection", .method = (char *) "publickey",
    .has_signature = TRUE, .algorithm = (char *) "ssh-ed25519", .key_blob = SLICE ("blob"),
  };
  g_auto(DevSshUserauthRequestMessage) back = { 0 };
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();
  g_autoptr(GBytes) unsigned_bytes = NULL, signed_bytes = NULL;
  gsize length;
  const guint8 *data;

  devssh_userauth_request_message_encode (&message, writer);
  unsigned_bytes = devssh_writer_end (writer);
  test_assert_bytes (unsigned_bytes, "32 00000001 75 0000000e 7373682d636f6e6e656374696f6e"
                                     " 00000009 7075626c69636b6579 01"
                                     " 0000000b 7373682d65643235353139 00000004 626c6f62");

  message.signature = SLICE ("signature");
  devssh_userauth_request_message_encode (&message, writer);
  signed_bytes = devssh_writer_end (writer);
  data = data_of (signed_bytes, &length);
  g_assert_true (devssh_userauth_request_message_decode (&back, data, length, NULL));
  g_assert_true (back.has_signature);
  assert_slice (back.signature, "signature");
  assert_slice (back.key_blob, "blob");
  g_assert_cmpmem (data, back.signed_length,
                   g_bytes_get_data (unsigned_bytes, NULL), g_bytes_get_size (unsigned_bytes));
}

static void
test_fields_host_based (void)
{
  DevSshUserauthRequestMessage message = {
    .user = (char *) "", .service = (char *) "ssh-connection", .method = (char *) "hostbased",
    .algorithm = (char *) "ssh-ed25519", .key_blob = SLICE ("blob"),
    .client_host = (char *) "host", .client_user = (char *) "me", .signature = SLICE ("signature"),
  };
  g_auto(DevSshUserauthRequestMessage) back = { 0 };
  DEVSSH_WRITER_AUTO (writer);

  devssh_userauth_request_message_encode (&message, &writer);
  g_assert_true (devssh_userauth_request_message_decode (&back, writer.data, writer.length, NULL));
  g_assert_cmpstr (back.user, ==, "");
  g_assert_cmpstr (back.client_host, ==, "host");
  g_assert_cmpstr (back.client_user, ==, "me");
  assert_slice (back.signature, "signature");
  g_assert_cmpuint (back.signed_length, ==, writer.length - 4 - strlen ("signature"));
}

static void
test_fields_password (void)
{
  g_autofree char *text = g_strnfill (8192, 'p');
  DevSshUserauthRequestMessage message = {
    .user = (char *) "", .service = (char *) "ssh-connection", .method = (char *) "password",
    .password = SLICE (text),
  };
  g_auto(DevSshUserauthRequestMessage) back = { 0 };
  DEVSSH_WRITER_AUTO (writer);

  devssh_userauth_request_message_encode (&message, &writer);
  g_assert_true (devssh_userauth_request_message_decode (&back, writer.data, writer.length, NULL));
  g_assert_false (back.change_password);
  assert_slice (back.password, text);
}

static void
test_fields_unknown_method (void)
{
  g_autoptr(GBytes) bytes = test_hex ("32 00000001 75 00000000 00000003 6e6577 ffffffffff");
  g_auto(DevSshUserauthRequestMessage) message = { 0 };
  gsize length;
  const guint8 *data = data_of (bytes, &length);

  g_assert_true (devssh_userauth_request_message_decode (&message, data, length, NULL));
  g_assert_cmpstr (message.method, ==, "new");
  g_assert_cmpuint (message.signed_length, ==, 0);
}

/* A name that ends in a zero byte is not the name without it. */
static void
test_fields_user_with_zero (void)
{
  g_autoptr(GBytes) bytes = test_hex ("32 00000005 726f6f7400 00000000 00000004 6e6f6e65");
  DevSshUserauthRequestMessage message;
  g_autoptr(GError) error = NULL;
  gsize length;
  const guint8 *data = data_of (bytes, &length);

  g_assert_false (devssh_userauth_request_message_decode (&message, data, length, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
}

static void
test_fields_prompts (gconstpointer split)
{
  DevSshInfoPrompt prompts[3] = {
    { SLICE ("Password: "), FALSE }, { SLICE ("Token: "), TRUE }, { SLICE (""), FALSE },
  };

  for (guint n_prompts = 0; n_prompts <= 3; n_prompts++)
    {
      DevSshInfoRequestMessage message = {
        .name = SLICE ("name"), .prompts = prompts, .n_prompts = n_prompts, .split = split != NULL,
      };
      g_auto(DevSshInfoRequestMessage) back = { 0 };
      DEVSSH_WRITER_AUTO (writer);

      devssh_info_request_message_encode (&message, &writer);
      g_assert_true (devssh_info_request_message_decode (&back, writer.data, writer.length, NULL));
      g_assert_cmpuint (back.n_prompts, ==, n_prompts);
      for (guint i = 0; i < n_prompts; i++)
        {
          g_assert_cmpmem (back.prompts[i].prompt.data, back.prompts[i].prompt.length,
                           prompts[i].prompt.data, prompts[i].prompt.length);
          g_assert_cmpint (back.prompts[i].echo, ==, prompts[i].echo);
        }
      if (n_prompts > 1)
        g_assert_cmpint (back.split, ==, split != NULL);
    }
}

/* The bytes that a Dev Tunnels server sends for two questions. */
static void
test_fields_prompts_split_bytes (void)
{
  g_autoptr(GBytes) bytes = test_hex ("3c 00000000 00000000 00000000 00000002"
                                      " 00000001 61 00000001 62 01 00");
  g_auto(DevSshInfoRequestMessage) message = { 0 };
  gsize length;
  const guint8 *data = data_of (bytes, &length);

  g_assert_true (devssh_info_request_message_decode (&message, data, length, NULL));
  g_assert_true (message.split);
  assert_slice (message.prompts[0].prompt, "a");
  assert_slice (message.prompts[1].prompt, "b");
  g_assert_true (message.prompts[0].echo);
  g_assert_false (message.prompts[1].echo);
}

/* T-13: a count allocates nothing, and more than 64 of anything are refused even if they are all
 * there. */
static void
test_fields_counts (void)
{
  static const struct { guint8 number; const char *row, *before, *element; } kinds[] = {
    { DEVSSH_MESSAGE_EXT_INFO, "SSH_MSG_EXT_INFO", "", "00000000 00000000" },
    { DEVSSH_MESSAGE_USERAUTH_INFO_REQUEST, "SSH_MSG_USERAUTH_INFO_REQUEST",
      "00000000 00000000 00000000", "00000000 00" },
    { DEVSSH_MESSAGE_USERAUTH_INFO_RESPONSE, "SSH_MSG_USERAUTH_INFO_RESPONSE", "", "00000000" },
  };
  static const struct { guint32 count; guint present; gboolean good; int code; } cases[] = {
    { 0, 0, TRUE, 0 },
    { 64, 64, TRUE, 0 },
    { 65, 65, FALSE, DEVSSH_ERROR_LIMIT },
    { 64, 63, FALSE, DEVSSH_ERROR_TRUNCATED },
    { 2, 1, FALSE, DEVSSH_ERROR_TRUNCATED },
    { 0x7fffffff, 1, FALSE, DEVSSH_ERROR_LIMIT },
    { 0xffffffff, 1, FALSE, DEVSSH_ERROR_LIMIT },
    { 0x20000000, 0, FALSE, DEVSSH_ERROR_LIMIT },      /* times 8: zero in 32 bits */
  };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      const DevSshMessageType *type = NULL;
      g_autoptr(GBytes) before = test_hex (kinds[i].before);
      g_autoptr(GBytes) element = test_hex (kinds[i].element);

      for (guint j = 0; j < devssh_n_message_types; j++)
        {
          if (strcmp (devssh_message_types[j].name, kinds[i].row) == 0)
            type = &devssh_message_types[j];
        }

      for (guint j = 0; j < G_N_ELEMENTS (cases); j++)
        {
          g_autofree guint8 *message = g_malloc0 (type->size);
          g_autoptr(GError) error = NULL;
          DEVSSH_WRITER_AUTO (writer);

          devssh_writer_put_byte (&writer, kinds[i].number);
          devssh_writer_put_bytes (&writer, g_bytes_get_data (before, NULL),
                                   g_bytes_get_size (before));
          devssh_writer_put_uint32 (&writer, cases[j].count);
          for (guint k = 0; k < cases[j].present; k++)
            devssh_writer_put_bytes (&writer, g_bytes_get_data (element, NULL),
                                     g_bytes_get_size (element));

          g_assert_cmpint (type->decode (message, writer.data, writer.length, &error), ==,
                           cases[j].good);
          if (!cases[j].good)
            g_assert_error (error, DEVSSH_ERROR, cases[j].code);
          type->clear (message);
        }
    }
}

/* T-75: many bytes, few extensions. */
static void
test_fields_extensions_size (void)
{
  g_autofree char *value = g_strnfill (64 * 1024, 'x');

  for (guint i = 0; i < 2; i++)
    {
      DevSshExtension extension = { (char *) "a", { (const guint8 *) value, 65536 - 14 + i } };
      DevSshExtInfoMessage message = { &extension, 1 };
      g_auto(DevSshExtInfoMessage) back = { 0 };
      DEVSSH_WRITER_AUTO (writer);

      devssh_ext_info_message_encode (&message, &writer);
      g_assert_cmpuint (writer.length, ==, 65536 + i);
      g_assert_cmpint (devssh_ext_info_message_decode (&back, writer.data, writer.length, NULL), ==,
                       i == 0);
    }
}

static void
test_fields_reconnect_failure (void)
{
  DevSshReconnectFailureInfo info;
  g_autoptr(GBytes) reason_only = test_hex ("00000002");
  gsize length;
  const guint8 *data = data_of (reason_only, &length);

  g_assert_true (devssh_reconnect_failure_info_decode (&info, NULL, 0, NULL));
  g_assert_cmpuint (info.reason, ==, DEVSSH_RECONNECT_FAILURE_UNKNOWN_SERVER_FAILURE);
  g_assert_true (devssh_reconnect_failure_info_decode (&info, data, length, NULL));
  g_assert_cmpuint (info.reason, ==, DEVSSH_RECONNECT_FAILURE_SESSION_NOT_FOUND);
  g_assert_cmpuint (info.description.length, ==, 0);
}

/* The bundled request is a whole message 98, not a string. */
static void
test_fields_initial_request (void)
{
  g_autoptr(GBytes) bytes = test_hex ("50 00000025 696e697469616c2d6368616e6e656c2d72657175657374"
                                      " 406d6963726f736f66742e636f6d"
                                      " 01 00000007 62 00000000 00000005 7368656c6c 00");
  g_auto(DevSshGlobalRequestMessage) message = { 0 };
  g_auto(DevSshChannelRequestMessage) request = { 0 };
  DevSshInitialChannelRequest initial;
  gsize length;
  const guint8 *data = data_of (bytes, &length);

  g_assert_true (devssh_global_request_message_decode (&message, data, length, NULL));
  g_assert_cmpstr (message.request, ==, DEVSSH_REQUEST_INITIAL_CHANNEL_REQUEST);
  g_assert_true (message.want_reply);
  g_assert_true (devssh_initial_channel_request_decode (&initial, message.data.data,
                                                        message.data.length, NULL));
  g_assert_cmpuint (initial.sender_channel, ==, 7);
  g_assert_true (devssh_channel_request_message_decode (&request, initial.request.data,
                                                        initial.request.length, NULL));
  g_assert_cmpstr (request.request, ==, "shell");
  g_assert_false (request.want_reply);
}

static void
test_fields_request_without_name (void)
{
  g_autoptr(GBytes) channel = test_hex ("62 00000000 00000000 01");
  g_autoptr(GBytes) global = test_hex ("50 00000000 01");
  g_autoptr(GBytes) open = test_hex ("5a 00000000 00000001 00100000 00008000");
  DevSshChannelRequestMessage request;
  g_auto(DevSshGlobalRequestMessage) message = { 0 };
  g_auto(DevSshChannelOpenMessage) opening = { 0 };
  gsize length;
  const guint8 *data = data_of (channel, &length);

  /* protocol error for a channel request; the other two are answered with a refusal */
  g_assert_false (devssh_channel_request_message_decode (&request, data, length, NULL));
  data = data_of (global, &length);
  g_assert_true (devssh_global_request_message_decode (&message, data, length, NULL));
  data = data_of (open, &length);
  g_assert_true (devssh_channel_open_message_decode (&opening, data, length, NULL));
  g_assert_cmpuint (opening.initial_window, ==, DEVSSH_DEFAULT_MAX_WINDOW_SIZE);
  g_assert_cmpuint (opening.maximum_packet, ==, DEVSSH_DEFAULT_MAX_PACKET_SIZE);
}

/* RFC 4251, 6: service names are names. */
static void
test_fields_service_name (void)
{
  static const char * const bad[] = {
    "05 00000000",
    "05 00000003 612062",
    "05 00000003 610062",
    "05 00000003 612c62",
    "05 00000002 c3a4",
  };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GBytes) bytes = test_hex (bad[i]);
      DevSshServiceRequestMessage message;
      g_autoptr(GError) error = NULL;
      gsize length;
      const guint8 *data = data_of (bytes, &length);

      g_assert_false (devssh_service_request_message_decode (&message, data, length, &error));
      g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED);
    }
}

/* RFC 4254, 6.5: a command is whatever bytes it is. */
static void
test_fields_exec (void)
{
  static const char * const commands[] = { "", "ls -l", "echo Grüße" };

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      DevSshExec message = { SLICE (commands[i]) };
      DevSshExec back;
      DEVSSH_WRITER_AUTO (writer);

      devssh_exec_encode (&message, &writer);
      g_assert_true (devssh_exec_decode (&back, writer.data, writer.length, NULL));
      assert_slice (back.command, commands[i]);
    }
}

/* An error says which field of which byte, never what a peer wrote. */
static void
test_fields_error_text (void)
{
  g_autoptr(GBytes) bytes = test_hex ("5e 00000001 00000009 41");
  DevSshChannelDataMessage message;
  g_autoptr(GError) error = NULL;
  gsize length;
  const guint8 *data = data_of (bytes, &length);

  g_assert_false (devssh_channel_data_message_decode (&message, data, length, &error));
  g_assert_error (error, DEVSSH_ERROR, DEVSSH_ERROR_TRUNCATED);
  g_assert_cmpstr (error->message, ==, "Expected a string at byte 9, but there are only 10 bytes");
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wire/fields/disconnect", test_fields_disconnect);
  g_test_add_func ("/wire/fields/ignore", test_fields_ignore);
  g_test_add_func ("/wire/fields/kexinit", test_fields_kexinit);
  g_test_add_func ("/wire/fields/public-key", test_fields_public_key);
  g_test_add_func ("/wire/fields/host-based", test_fields_host_based);
  g_test_add_func ("/wire/fields/password", test_fields_password);
  g_test_add_func ("/wire/fields/unknown-method", test_fields_unknown_method);
  g_test_add_func ("/wire/fields/user-with-zero", test_fields_user_with_zero);
  g_test_add_data_func ("/wire/fields/prompts/interleaved", NULL, test_fields_prompts);
  g_test_add_data_func ("/wire/fields/prompts/split", "split", test_fields_prompts);
  g_test_add_func ("/wire/fields/prompts/split-bytes", test_fields_prompts_split_bytes);
  g_test_add_func ("/wire/fields/counts/T-13", test_fields_counts);
  g_test_add_func ("/wire/fields/extensions-size/T-75", test_fields_extensions_size);
  g_test_add_func ("/wire/fields/reconnect-failure", test_fields_reconnect_failure);
  g_test_add_func ("/wire/fields/initial-request", test_fields_initial_request);
  g_test_add_func ("/wire/fields/request-without-name", test_fields_request_without_name);
  g_test_add_func ("/wire/fields/service-name/T-14", test_fields_service_name);
  g_test_add_func ("/wire/fields/exec", test_fields_exec);
  g_test_add_func ("/wire/fields/error-text", test_fields_error_text);

  return g_test_run ();
}
