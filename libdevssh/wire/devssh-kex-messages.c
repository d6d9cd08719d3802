/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages 20 to 49: key exchange (RFC 4253, 7 and 8; RFC 5656, 4). What is after their last field
 * would enter no hash that anybody checks, so nothing may be there. */
#include <libdevssh/wire/devssh-message-fields-private.h>

#include <string.h>

/* RFC 4253, 7.1: SSH_MSG_KEXINIT */
gboolean
devssh_kexinit_message_decode (DevSshKexInitMessage  *self,
                               const guint8          *payload,
                               gsize                  length,
                               GError               **error)
{
  DevSshReader reader;
  const guint8 *cookie;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_KEXINIT, payload, length);
  cookie = devssh_reader_take (&reader, sizeof self->cookie);
  if (cookie != NULL)
    memcpy (self->cookie, cookie, sizeof self->cookie);
  for (guint i = 0; i < DEVSSH_KEXINIT_N_LISTS; i++)
    self->lists[i] = devssh_reader_get_name_list (&reader);
  self->first_kex_packet_follows = devssh_reader_get_boolean (&reader);
  self->reserved = devssh_reader_get_uint32 (&reader);

  return devssh_message_end_all (&reader, self, sizeof *self,
                                 (DevSshClearFunc) devssh_kexinit_message_clear, error);
}

void
devssh_kexinit_message_encode (const DevSshKexInitMessage *self,
                               DevSshWriter               *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_KEXINIT);
  devssh_writer_put_bytes (writer, self->cookie, sizeof self->cookie);
  for (guint i = 0; i < DEVSSH_KEXINIT_N_LISTS; i++)
    devssh_writer_put_name_list (writer, (const char * const *) self->lists[i]);
  devssh_writer_put_boolean (writer, self->first_kex_packet_follows);
  devssh_writer_put_uint32 (writer, self->reserved);
}

void
devssh_kexinit_message_clear (DevSshKexInitMessage *self)
{
  for (guint i = 0; i < DEVSSH_KEXINIT_N_LISTS; i++)
    g_clear_pointer (&self->lists[i], g_strfreev);
}

/* RFC 4253, 7.3: SSH_MSG_NEWKEYS */
gboolean
devssh_newkeys_message_decode (DevSshNewKeysMessage  *self,
                               const guint8          *payload,
                               gsize                  length,
                               GError               **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_NEWKEYS, payload, length);
  self->unused = 0;

  return devssh_message_end_all (&reader, self, sizeof *self, NULL, error);
}

void
devssh_newkeys_message_encode (const DevSshNewKeysMessage *self,
                               DevSshWriter               *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_NEWKEYS);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshNewKeysMessage, devssh_newkeys_message)

/* RFC 4253, 8: SSH_MSG_KEXDH_INIT, and RFC 5656, 4: SSH_MSG_KEX_ECDH_INIT */
gboolean
devssh_kexdh_init_message_decode (DevSshKexDhInitMessage  *self,
                                  const guint8            *payload,
                                  gsize                    length,
                                  GError                 **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_KEXDH_INIT, payload, length);
  self->public_value = devssh_reader_get_slice (&reader);

  return devssh_message_end_all (&reader, self, sizeof *self, NULL, error);
}

void
devssh_kexdh_init_message_encode (const DevSshKexDhInitMessage *self,
                                  DevSshWriter                 *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_KEXDH_INIT);
  devssh_writer_put (writer, self->public_value);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshKexDhInitMessage, devssh_kexdh_init_message)

/* RFC 4253, 8: SSH_MSG_KEXDH_REPLY, and RFC 5656, 4: SSH_MSG_KEX_ECDH_REPLY */
gboolean
devssh_kexdh_reply_message_decode (DevSshKexDhReplyMessage  *self,
                                   const guint8             *payload,
                                   gsize                     length,
                                   GError                  **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_KEXDH_REPLY, payload, length);
  self->host_key = devssh_reader_get_slice (&reader);
  self->public_value = devssh_reader_get_slice (&reader);
  self->signature = devssh_reader_get_slice (&reader);

  return devssh_message_end_all (&reader, self, sizeof *self, NULL, error);
}

void
devssh_kexdh_reply_message_encode (const DevSshKexDhReplyMessage *self,
                                   DevSshWriter                  *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_KEXDH_REPLY);
  devssh_writer_put (writer, self->host_key);
  devssh_writer_put (writer, self->public_value);
  devssh_writer_put (writer, self->signature);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshKexDhReplyMessage, devssh_kexdh_reply_message)
