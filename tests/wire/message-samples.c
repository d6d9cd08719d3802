/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The messages, one line each. */
#include "message-samples.h"

#include <string.h>

const TestSample test_samples[] =
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
const guint test_n_samples = G_N_ELEMENTS (test_samples);

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
append_field (TestMessage *self,
              const char  *word)
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
append_fields (TestMessage *self,
               const char  *fields)
{
  g_auto(GStrv) words = g_strsplit (fields, " ", -1);

  self->bytes = g_byte_array_new ();
  self->lengths = g_array_new (FALSE, FALSE, sizeof (guint));
  self->cuts = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; words[i] != NULL; i++)
    append_field (self, words[i]);
}

void
test_message_init (TestMessage      *self,
                   const TestSample *sample)
{
  self->type = NULL;
  for (guint i = 0; i < devssh_n_message_types; i++)
    {
      if (strcmp (devssh_message_types[i].name, sample->name) == 0)
        self->type = &devssh_message_types[i];
    }
  g_assert_nonnull (self->type);

  append_fields (self, sample->fields);
}

GByteArray *
test_message_bytes (const char *fields)
{
  g_auto(TestMessage) message = { NULL };

  append_fields (&message, fields);

  return g_byte_array_ref (message.bytes);
}

void
test_message_clear (TestMessage *self)
{
  g_byte_array_unref (self->bytes);
  g_array_unref (self->lengths);
  g_array_unref (self->cuts);
}
