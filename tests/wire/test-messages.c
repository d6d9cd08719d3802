/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every message, there and back, cut at every byte, and with every length field a lie. */
#include <libdevssh/wire/devssh-messages-private.h>

#include <string.h>

/* A message is written down as its fields, one word each:
 *   bN byte or boolean   uN uint32   qN uint64   k a cookie   sTEXT string ('_' is a space)
 *   cN uint32 that counts what follows   tTEXT bytes without a length, to the end
 * A '?' before a word: from here on the fields may be missing. */
typedef struct
{
  const char *name;    /* of the row in devssh_message_types */
  const char *fields;
} Sample;

static const Sample samples[] =
{
  { "SSH_MSG_DISCONNECT", "b1 u0 s ?s" },
  { "SSH_MSG_DISCONNECT", "b1 u4294967295 sSo_lange_\xc3\xbc\xc3\xb6 ?sde" },
  { "SSH_MSG_IGNORE", "b2 s" },
  { "SSH_MSG_IGNORE", "b2 sanything" },
  { "SSH_MSG_UNIMPLEMENTED", "b3 u0" },
  { "SSH_MSG_UNIMPLEMENTED", "b3 u4294967295" },
  { "SSH_MSG_DEBUG", "b4 b0 s s" },
  { "SSH_MSG_DEBUG", "b4 b1 sshow_this sen" },
  { "SSH_MSG_SERVICE_REQUEST", "b5 sssh-userauth" },
  { "SSH_MSG_SERVICE_ACCEPT", "b6 sssh-connection" },
  { "SSH_MSG_EXT_INFO", "b7 c0" },
  { "SSH_MSG_EXT_INFO", "b7 c1 s s" },
  { "SSH_MSG_EXT_INFO",
    "b7 c2 sserver-sig-algs sssh-ed25519,rsa-sha2-256 ssession-reconnect@microsoft.com s" },
  { "SSH_MSG_KEXINIT", "b20 k s s s s s s s s s s b0 u0" },
  { "SSH_MSG_KEXINIT",
    "b20 k scurve25519-sha256,ext-info-c srsa-sha2-512,ssh-ed25519"
    " saes256-ctr saes256-gcm@openssh.com shmac-sha2-256 shmac-sha2-512"
    " snone snone,zlib sen,de sde b1 u4294967295" },
  { "SSH_MSG_NEWKEYS", "b21" },
  { "SSH_MSG_KEXDH_INIT", "b30 s" },
  { "SSH_MSG_KEXDH_INIT", "b30 sa-point" },
  { "SSH_MSG_KEXDH_REPLY", "b31 s s s" },
  { "SSH_MSG_KEXDH_REPLY", "b31 sa-key sa-point sa-signature" },
  { "SSH_MSG_USERAUTH_REQUEST", "b50 s s snone" },
  { "SSH_MSG_USERAUTH_REQUEST", "b50 sj\xc3\xb6rg sssh-connection spassword b0 ssecret" },
  { "SSH_MSG_USERAUTH_REQUEST", "b50 suser sssh-connection spassword b1 sold snew" },
  { "SSH_MSG_USERAUTH_REQUEST", "b50 suser sssh-connection spublickey b0 sssh-ed25519 sblob" },
  { "SSH_MSG_USERAUTH_REQUEST",
    "b50 suser sssh-connection spublickey b1 sssh-ed25519 sblob ssignature" },
  { "SSH_MSG_USERAUTH_REQUEST",
    "b50 suser sssh-connection shostbased sssh-ed25519 sblob shost suser ssignature" },
  { "SSH_MSG_USERAUTH_REQUEST", "b50 suser sssh-connection skeyboard-interactive ?s ?s" },
  { "SSH_MSG_USERAUTH_REQUEST", "b50 suser sssh-connection skeyboard-interactive ?sen ?spam,otp" },
  { "SSH_MSG_USERAUTH_FAILURE", "b51 s b0" },
  { "SSH_MSG_USERAUTH_FAILURE", "b51 spublickey,password b1" },
  { "SSH_MSG_USERAUTH_SUCCESS", "b52" },
  { "SSH_MSG_USERAUTH_BANNER", "b53 s s" },
  { "SSH_MSG_USERAUTH_BANNER", "b53 sWelcome! sen" },
  { "SSH_MSG_USERAUTH_PK_OK", "b60 s s" },
  { "SSH_MSG_USERAUTH_PK_OK", "b60 sssh-ed25519 sblob" },
  { "SSH_MSG_USERAUTH_INFO_REQUEST", "b60 s s s c0" },
  { "SSH_MSG_USERAUTH_INFO_REQUEST", "b60 sname sdo_this sen c1 sPassword: b0" },
  { "SSH_MSG_USERAUTH_INFO_REQUEST", "b60 sname sdo_this sen c3 sPassword: b0 sToken: b1 s b1" },
  { "SSH_MSG_USERAUTH_INFO_REQUEST", "b60 sname sdo_this sen c2 sPassword: sToken: b0 b1" },
  { "SSH_MSG_USERAUTH_INFO_RESPONSE", "b61 c0" },
  { "SSH_MSG_USERAUTH_INFO_RESPONSE", "b61 c3 ssecret s s123456" },
  { "SSH_MSG_GLOBAL_REQUEST", "b80 s b0 ?t" },
  { "SSH_MSG_GLOBAL_REQUEST", "b80 stcpip-forward b1 ?tdata" },
  { "SSH_MSG_REQUEST_SUCCESS", "b81 ?t" },
  { "SSH_MSG_REQUEST_SUCCESS", "b81 ?tport" },
  { "SSH_MSG_REQUEST_FAILURE", "b82 ?t" },
  { "SSH_MSG_REQUEST_FAILURE", "b82 ?treason" },
  { "SSH_MSG_CHANNEL_OPEN", "b90 s u0 u0 u0 ?t" },
  { "SSH_MSG_CHANNEL_OPEN", "b90 ssession u4294967295 u4294967295 u4294967295 ?tdata" },
  { "SSH_MSG_CHANNEL_OPEN_CONFIRMATION", "b91 u0 u0 u0 u0 ?t" },
  { "SSH_MSG_CHANNEL_OPEN_CONFIRMATION", "b91 u1 u4294967295 u1048576 u32768 ?tdata" },
  { "SSH_MSG_CHANNEL_OPEN_FAILURE", "b92 u0 u0 ?s ?s" },
  { "SSH_MSG_CHANNEL_OPEN_FAILURE", "b92 u4294967295 u4294967295 ?snot_now ?sen" },
  { "SSH_MSG_CHANNEL_WINDOW_ADJUST", "b93 u0 u0" },
  { "SSH_MSG_CHANNEL_WINDOW_ADJUST", "b93 u4294967295 u4294967295" },
  { "SSH_MSG_CHANNEL_DATA", "b94 u0 s" },
  { "SSH_MSG_CHANNEL_DATA", "b94 u4294967295 sdata" },
  { "SSH_MSG_CHANNEL_EXTENDED_DATA", "b95 u0 u1 s" },
  { "SSH_MSG_CHANNEL_EXTENDED_DATA", "b95 u4294967295 u4294967295 sdata" },
  { "SSH_MSG_CHANNEL_EOF", "b96 u0" },
  { "SSH_MSG_CHANNEL_EOF", "b96 u4294967295" },
  { "SSH_MSG_CHANNEL_CLOSE", "b97 u0" },
  { "SSH_MSG_CHANNEL_CLOSE", "b97 u4294967295" },
  { "SSH_MSG_CHANNEL_REQUEST", "b98 u0 sx b0 ?t" },
  { "SSH_MSG_CHANNEL_REQUEST", "b98 u4294967295 sexec b1 ?tdata" },
  { "SSH_MSG_CHANNEL_SUCCESS", "b99 u0" },
  { "SSH_MSG_CHANNEL_SUCCESS", "b99 u4294967295" },
  { "SSH_MSG_CHANNEL_FAILURE", "b100 u0" },
  { "SSH_MSG_CHANNEL_FAILURE", "b100 u4294967295" },
  { "exit-status", "u0" },
  { "exit-status", "u4294967295" },
  { "exit-signal", "s b0 s s" },
  { "exit-signal", "sKILL b1 skilled sen" },
  { "signal", "s" },
  { "signal", "sTERM" },
  { "exec", "s" },
  { "exec", "secho_\xc3\xa4" },
  { "pty-req", "s u0 u0 u0 u0 s" },
  { "pty-req", "sxterm u80 u24 u4294967295 u4294967295 smodes" },
  { "initial-channel-request@microsoft.com", "u0 ?t" },
  { "initial-channel-request@microsoft.com", "u4294967295 ?tmessage" },
  { "session-reconnect@microsoft.com", "s q0" },
  { "session-reconnect@microsoft.com", "sa-token q18446744073709551615" },
  { "session-reconnect@microsoft.com/success", "s q0" },
  { "session-reconnect@microsoft.com/success", "sa-token q18446744073709551615" },
  { "session-reconnect@microsoft.com/failure", "u2 ?s ?s" },
  { "session-reconnect@microsoft.com/failure", "u4294967295 ?sno_such_session ?sen" },
};

typedef struct
{
  const DevSshMessageType *type;
  GByteArray              *bytes;
  GArray                  *lengths;    /* (element-type guint): where length and count fields are */
  GArray                  *cuts;       /* (element-type guint): where the message may end early */
} Message;

static void
append_number (GByteArray *bytes,
               guint64     value,
               guint       width)
{
  for (guint i = 0; i < width; i++)
    {
      guint8 byte = (guint8) (value >> 8 * (width - 1 - i));
      g_byte_array_append (bytes, &byte, 1);
    }
}

static void
append_text (GByteArray *bytes,
             const char *text)
{
  g_autofree char *spaced = g_strdelimit (g_strdup (text), "_", ' ');

  g_byte_array_append (bytes, (const guint8 *) spaced, strlen (spaced));
}

static void
append_field (Message    *self,
              const char *word)
{
  guint position = self->bytes->len;

  if (word[0] == '?')
    {
      g_array_append_val (self->cuts, position);
      word++;
    }

  switch (word[0])
    {
    case 'b':
      append_number (self->bytes, g_ascii_strtoull (word + 1, NULL, 10), 1);
      break;

    case 'c':
      g_array_append_val (self->lengths, position);
      append_number (self->bytes, g_ascii_strtoull (word + 1, NULL, 10), 4);
      break;

    case 'u':
      append_number (self->bytes, g_ascii_strtoull (word + 1, NULL, 10), 4);
      break;

    case 'q':
      append_number (self->bytes, g_ascii_strtoull (word + 1, NULL, 10), 8);
      break;

    case 'k':
      g_byte_array_append (self->bytes, (const guint8 *) "0123456789abcdef", 16);
      break;

    case 's':
      g_array_append_val (self->lengths, position);
      append_number (self->bytes, strlen (word + 1), 4);
      append_text (self->bytes, word + 1);
      break;

    case 't':
      append_text (self->bytes, word + 1);
      for (guint i = position + 1; i <= self->bytes->len; i++)
        g_array_append_val (self->cuts, i);
      break;

    default:
      g_assert_not_reached ();
    }
}

static void
message_init (Message      *self,
              const Sample *sample)
{
  g_auto(GStrv) words = g_strsplit (sample->fields, " ", -1);

  self->type = NULL;
  for (guint i = 0; i < devssh_n_message_types; i++)
    {
      if (strcmp (devssh_message_types[i].name, sample->name) == 0)
        self->type = &devssh_message_types[i];
    }
  g_assert_nonnull (self->type);

  self->bytes = g_byte_array_new ();
  self->lengths = g_array_new (FALSE, FALSE, sizeof (guint));
  self->cuts = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; words[i] != NULL; i++)
    append_field (self, words[i]);
}

static void
message_clear (Message *self)
{
  g_byte_array_unref (self->bytes);
  g_array_unref (self->lengths);
  g_array_unref (self->cuts);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Message, message_clear)

static gboolean
message_may_end_at (Message *self,
                    guint    length)
{
  if (self->type->number == DEVSSH_MESSAGE_IGNORE && length > 0)
    return TRUE;
  if (strcmp (self->type->name, "session-reconnect@microsoft.com/failure") == 0 && length == 0)
    return TRUE;

  for (guint i = 0; i < self->cuts->len; i++)
    {
      if (g_array_index (self->cuts, guint, i) == length)
        return TRUE;
    }

  return FALSE;
}

/* Decodes from a block of exactly that size, so that a tool sees every read past its end, into a
 * struct full of rubbish; and looks that a failure leaves nothing behind. */
static gboolean
decode (const DevSshMessageType *type,
        const guint8            *data,
        gsize                    length,
        GBytes                 **again)
{
  g_autofree guint8 *payload = g_memdup2 (data, length);
  g_autofree guint8 *message = g_malloc (type->size);
  g_autoptr(GError) error = NULL;
  g_autoptr(DevSshWriter) writer = devssh_writer_new ();

  memset (message, 0xa5, type->size);
  if (!type->decode (message, payload, length, &error))
    {
      g_assert_nonnull (error);
      g_assert_true (error->domain == DEVSSH_ERROR);
      g_assert_true (error->code == DEVSSH_ERROR_TRUNCATED ||
                     error->code == DEVSSH_ERROR_MALFORMED ||
                     error->code == DEVSSH_ERROR_LIMIT);
      for (gsize i = 0; i < type->size; i++)
        g_assert_cmpuint (message[i], ==, 0);
      return FALSE;
    }

  g_assert_no_error (error);
  type->encode (message, writer);
  type->clear (message);
  type->clear (message);
  if (again != NULL)
    *again = devssh_writer_end (writer);
  return TRUE;
}

static void
test_message_all_covered (void)
{
  for (guint i = 0; i < devssh_n_message_types; i++)
    {
      guint n_found = 0;

      for (guint j = 0; j < G_N_ELEMENTS (samples); j++)
        n_found += strcmp (samples[j].name, devssh_message_types[i].name) == 0;
      g_test_message ("%s: %u samples", devssh_message_types[i].name, n_found);
      g_assert_cmpuint (n_found, >, 0);
    }
}

static void
test_message_round_trip (gconstpointer data)
{
  g_auto(Message) message;
  g_autoptr(GBytes) again = NULL;

  message_init (&message, data);
  g_assert_true (decode (message.type, message.bytes->data, message.bytes->len, &again));
  g_assert_cmpmem (g_bytes_get_data (again, NULL), g_bytes_get_size (again),
                   message.bytes->data, message.bytes->len);
}

static void
test_message_truncated (gconstpointer data)
{
  g_auto(Message) message;

  message_init (&message, data);
  for (guint length = 0; length < message.bytes->len; length++)
    {
      g_test_message ("cut at %u of %u", length, message.bytes->len);
      g_assert_cmpint (decode (message.type, message.bytes->data, length, NULL), ==,
                       message_may_end_at (&message, length));
    }
}

static void
test_message_lengths (gconstpointer data)
{
  g_auto(Message) message;

  message_init (&message, data);
  for (guint i = 0; i < message.lengths->len; i++)
    {
      guint8 *field = message.bytes->data + g_array_index (message.lengths, guint, i);
      guint32 real = ((guint32) field[0] << 24 | (guint32) field[1] << 16 |
                      (guint32) field[2] << 8 | field[3]);
      guint32 lies[] = { 0, real - 1, real + 1, 0x7fffffff, 0xffffffff, 0x80000000,
                         message.bytes->len };
      guint8 saved[4];

      memcpy (saved, field, 4);
      for (guint j = 0; j < G_N_ELEMENTS (lies); j++)
        {
          gboolean decoded;

          for (guint k = 0; k < 4; k++)
            field[k] = (guint8) (lies[j] >> 8 * (3 - k));
          decoded = decode (message.type, message.bytes->data, message.bytes->len, NULL);

          /* A number a little off may by chance be another message; one past the end never is. */
          g_test_message ("%u instead of %u", lies[j], real);
          if (lies[j] >= message.bytes->len)
            g_assert_cmpint (decoded, ==, message.type->number == DEVSSH_MESSAGE_IGNORE);
        }
      memcpy (field, saved, 4);
    }
}

static void
test_message_flipped (gconstpointer data)
{
  g_auto(Message) message;

  message_init (&message, data);
  for (guint i = 0; i < 64; i++)
    {
      guint at = (guint) g_test_rand_int_range (0, (gint32) message.bytes->len);
      guint8 saved = message.bytes->data[at];
      g_autoptr(GBytes) again = NULL;

      message.bytes->data[at] = (guint8) g_test_rand_int ();
      if (decode (message.type, message.bytes->data, message.bytes->len, &again))
        {
          g_autoptr(GBytes) third = NULL;

          /* What was understood is understood again, the same way. */
          g_assert_true (decode (message.type, g_bytes_get_data (again, NULL),
                                 g_bytes_get_size (again), &third));
          g_assert_true (g_bytes_equal (again, third));
        }
      message.bytes->data[at] = saved;
    }
}

static void
test_message_wrong_number (gconstpointer data)
{
  g_auto(Message) message;

  message_init (&message, data);
  if (message.type->number == 0)
    return;

  for (guint number = 0; number < 256; number++)
    {
      message.bytes->data[0] = (guint8) number;
      g_assert_cmpint (decode (message.type, message.bytes->data, message.bytes->len, NULL), ==,
                       number == message.type->number);
    }
}

/* Bytes after the last field: refused in 20 to 49 and in 50, ignored elsewhere. */
static void
test_message_trailing (gconstpointer data)
{
  const Sample *sample = data;
  g_auto(Message) message;
  gboolean refused;

  message_init (&message, sample);
  refused = message.type->number >= 20 && message.type->number <= 50;
  /* With several prompts, what follows decides which of two layouts it is. */
  if (strcmp (sample->name, "SSH_MSG_USERAUTH_INFO_REQUEST") == 0 &&
      strstr (sample->fields, " c0") == NULL && strstr (sample->fields, " c1") == NULL)
    refused = TRUE;

  append_number (message.bytes, 0xff, 1);
  g_assert_cmpint (decode (message.type, message.bytes->data, message.bytes->len, NULL), ==,
                   !refused);
}

static void
add_all (const char *path,
         void      (*test) (gconstpointer data))
{
  const char *last = "";
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    {
      g_autofree char *name = g_strdelimit (g_strdup (samples[i].name), "/", '-');
      g_autofree char *full = NULL;

      n = strcmp (samples[i].name, last) == 0 ? n + 1 : 1;
      last = samples[i].name;
      full = n == 1 ? g_strdup_printf ("/wire/message/%s/%s", path, name)
                    : g_strdup_printf ("/wire/message/%s/%s-%u", path, name, n);
      g_test_add_data_func (full, &samples[i], test);
    }
}

int
main (int   argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/wire/message/all-covered", test_message_all_covered);
  add_all ("round-trip", test_message_round_trip);
  add_all ("truncated/T-12", test_message_truncated);
  add_all ("lengths/T-12", test_message_lengths);
  add_all ("flipped/T-12", test_message_flipped);
  add_all ("wrong-number", test_message_wrong_number);
  add_all ("trailing/T-12", test_message_trailing);

  return g_test_run ();
}
