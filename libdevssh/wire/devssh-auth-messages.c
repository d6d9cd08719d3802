/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages 50 to 79: authentication (RFC 4252, RFC 4256). */
#include <libdevssh/wire/devssh-message-fields-private.h>

#include <string.h>

#define MAX_PROMPTS 64   /* T-13 */

/* RFC 4252, 8: the method "password" */
static void
decode_password (DevSshUserauthRequestMessage *self,
                 DevSshReader                 *reader)
{
  self->change_password = devssh_reader_get_boolean (reader);
  self->password = devssh_reader_get_slice (reader);
  if (self->change_password)
    self->new_password = devssh_reader_get_slice (reader);
}

/* RFC 4252, 7: the method "publickey", with a signature or as a query */
static void
decode_public_key (DevSshUserauthRequestMessage *self,
                   DevSshReader                 *reader)
{
  self->has_signature = devssh_reader_get_boolean (reader);
  self->algorithm = devssh_reader_dup_utf8 (reader);
  self->key_blob = devssh_reader_get_slice (reader);
  if (self->has_signature)
    {
      /* The signature covers everything before itself, the number byte included. */
      self->signed_length = reader->position;
      self->signature = devssh_reader_get_slice (reader);
    }
}

/* RFC 4252, 9: the method "hostbased" */
static void
decode_host_based (DevSshUserauthRequestMessage *self,
                   DevSshReader                 *reader)
{
  self->algorithm = devssh_reader_dup_utf8 (reader);
  self->key_blob = devssh_reader_get_slice (reader);
  self->client_host = devssh_reader_dup_utf8 (reader);
  self->client_user = devssh_reader_dup_utf8 (reader);
  self->has_signature = TRUE;
  self->signed_length = reader->position;
  self->signature = devssh_reader_get_slice (reader);
}

/* RFC 4256, 3.1: the method "keyboard-interactive". Some clients stop after its name. */
static void
decode_keyboard_interactive (DevSshUserauthRequestMessage *self,
                             DevSshReader                 *reader)
{
  self->language = devssh_reader_get_optional_slice (reader);
  self->submethods = devssh_reader_get_optional_slice (reader);
}

/* RFC 4252, 5: SSH_MSG_USERAUTH_REQUEST */
gboolean
devssh_userauth_request_message_decode (DevSshUserauthRequestMessage  *self,
                                        const guint8                  *payload,
                                        gsize                          length,
                                        GError                       **error)
{
  DevSshReader reader;

  memset (self, 0, sizeof *self);
  devssh_message_begin (&reader, DEVSSH_MESSAGE_USERAUTH_REQUEST, payload, length);
  self->user = devssh_reader_dup_utf8 (&reader);
  self->service = devssh_reader_dup_utf8 (&reader);
  self->method = devssh_reader_dup_utf8 (&reader);

  if (strcmp (self->method, DEVSSH_AUTH_METHOD_PASSWORD) == 0)
    decode_password (self, &reader);
  else if (strcmp (self->method, DEVSSH_AUTH_METHOD_PUBLIC_KEY) == 0)
    decode_public_key (self, &reader);
  else if (strcmp (self->method, DEVSSH_AUTH_METHOD_HOST_BASED) == 0)
    decode_host_based (self, &reader);
  else if (strcmp (self->method, DEVSSH_AUTH_METHOD_KEYBOARD_INTERACTIVE) == 0)
    decode_keyboard_interactive (self, &reader);
  else if (strcmp (self->method, DEVSSH_AUTH_METHOD_NONE) != 0)
    /* What belongs to a method that is not known here cannot be judged. */
    devssh_reader_get_tail (&reader);

  return devssh_message_end_all (&reader, self, sizeof *self,
                                 (DevSshClearFunc) devssh_userauth_request_message_clear, error);
}

/* A signature that is not there yet is left out: what is written then is what has to be signed. */
static void
encode_signature (const DevSshUserauthRequestMessage *self,
                  DevSshWriter                       *writer)
{
  if (self->signature.data != NULL)
    devssh_writer_put (writer, self->signature);
}

static void
encode_password (const DevSshUserauthRequestMessage *self,
                 DevSshWriter                       *writer)
{
  devssh_writer_put_boolean (writer, self->change_password);
  devssh_writer_put (writer, self->password);
  if (self->change_password)
    devssh_writer_put (writer, self->new_password);
}

static void
encode_public_key (const DevSshUserauthRequestMessage *self,
                   DevSshWriter                       *writer)
{
  devssh_writer_put_boolean (writer, self->has_signature);
  devssh_writer_put_utf8 (writer, self->algorithm);
  devssh_writer_put (writer, self->key_blob);
  if (self->has_signature)
    encode_signature (self, writer);
}

static void
encode_host_based (const DevSshUserauthRequestMessage *self,
                   DevSshWriter                       *writer)
{
  devssh_writer_put_utf8 (writer, self->algorithm);
  devssh_writer_put (writer, self->key_blob);
  devssh_writer_put_utf8 (writer, self->client_host);
  devssh_writer_put_utf8 (writer, self->client_user);
  encode_signature (self, writer);
}

void
devssh_userauth_request_message_encode (const DevSshUserauthRequestMessage *self,
                                        DevSshWriter                       *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_USERAUTH_REQUEST);
  devssh_writer_put_utf8 (writer, self->user);
  devssh_writer_put_utf8 (writer, self->service);
  devssh_writer_put_utf8 (writer, self->method);

  if (g_strcmp0 (self->method, DEVSSH_AUTH_METHOD_PASSWORD) == 0)
    encode_password (self, writer);
  else if (g_strcmp0 (self->method, DEVSSH_AUTH_METHOD_PUBLIC_KEY) == 0)
    encode_public_key (self, writer);
  else if (g_strcmp0 (self->method, DEVSSH_AUTH_METHOD_HOST_BASED) == 0)
    encode_host_based (self, writer);
  else if (g_strcmp0 (self->method, DEVSSH_AUTH_METHOD_KEYBOARD_INTERACTIVE) == 0)
    {
      devssh_writer_put (writer, self->language);
      devssh_writer_put (writer, self->submethods);
    }
}

void
devssh_userauth_request_message_clear (DevSshUserauthRequestMessage *self)
{
  g_free (self->user);
  g_free (self->service);
  g_free (self->method);
  g_free (self->algorithm);
  g_free (self->client_host);
  g_free (self->client_user);
  memset (self, 0, sizeof *self);
}

/* RFC 4252, 5.1: SSH_MSG_USERAUTH_FAILURE */
gboolean
devssh_userauth_failure_message_decode (DevSshUserauthFailureMessage  *self,
                                        const guint8                  *payload,
                                        gsize                          length,
                                        GError                       **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_USERAUTH_FAILURE, payload, length);
  self->methods = devssh_reader_get_name_list (&reader);
  self->partial_success = devssh_reader_get_boolean (&reader);

  return devssh_message_end (&reader, self, sizeof *self,
                             (DevSshClearFunc) devssh_userauth_failure_message_clear, error);
}

void
devssh_userauth_failure_message_encode (const DevSshUserauthFailureMessage *self,
                                        DevSshWriter                       *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_USERAUTH_FAILURE);
  devssh_writer_put_name_list (writer, (const char * const *) self->methods);
  devssh_writer_put_boolean (writer, self->partial_success);
}

void
devssh_userauth_failure_message_clear (DevSshUserauthFailureMessage *self)
{
  g_clear_pointer (&self->methods, g_strfreev);
}

/* RFC 4252, 5.1: SSH_MSG_USERAUTH_SUCCESS */
gboolean
devssh_userauth_success_message_decode (DevSshUserauthSuccessMessage  *self,
                                        const guint8                  *payload,
                                        gsize                          length,
                                        GError                       **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_USERAUTH_SUCCESS, payload, length);
  self->unused = 0;

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_userauth_success_message_encode (const DevSshUserauthSuccessMessage *self,
                                        DevSshWriter                       *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_USERAUTH_SUCCESS);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshUserauthSuccessMessage, devssh_userauth_success_message)

/* RFC 4252, 5.4: SSH_MSG_USERAUTH_BANNER */
gboolean
devssh_userauth_banner_message_decode (DevSshUserauthBannerMessage  *self,
                                       const guint8                 *payload,
                                       gsize                         length,
                                       GError                      **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_USERAUTH_BANNER, payload, length);
  self->message = devssh_reader_get_slice (&reader);
  self->language = devssh_reader_get_slice (&reader);

  return devssh_message_end (&reader, self, sizeof *self, NULL, error);
}

void
devssh_userauth_banner_message_encode (const DevSshUserauthBannerMessage *self,
                                       DevSshWriter                      *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_USERAUTH_BANNER);
  devssh_writer_put (writer, self->message);
  devssh_writer_put (writer, self->language);
}

DEVSSH_DEFINE_PLAIN_CLEAR (DevSshUserauthBannerMessage, devssh_userauth_banner_message)

/* RFC 4252, 7: SSH_MSG_USERAUTH_PK_OK */
gboolean
devssh_pk_ok_message_decode (DevSshPkOkMessage  *self,
                             const guint8       *payload,
                             gsize               length,
                             GError            **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_USERAUTH_PK_OK, payload, length);
  self->algorithm = devssh_reader_dup_utf8 (&reader);
  self->key_blob = devssh_reader_get_slice (&reader);

  return devssh_message_end (&reader, self, sizeof *self,
                             (DevSshClearFunc) devssh_pk_ok_message_clear, error);
}

void
devssh_pk_ok_message_encode (const DevSshPkOkMessage *self,
                             DevSshWriter            *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_USERAUTH_PK_OK);
  devssh_writer_put_utf8 (writer, self->algorithm);
  devssh_writer_put (writer, self->key_blob);
}

void
devssh_pk_ok_message_clear (DevSshPkOkMessage *self)
{
  g_clear_pointer (&self->algorithm, g_free);
}

/* RFC 4256, 3.2: each prompt is followed by its flag. Dev Tunnels peers write all prompts first and
 * all flags behind them, which is the same for up to one prompt. */
static void
decode_prompts (DevSshInfoRequestMessage *self,
                DevSshReader             *reader,
                gboolean                  split)
{
  for (guint i = 0; i < self->n_prompts; i++)
    {
      self->prompts[i].prompt = devssh_reader_get_slice (reader);
      if (!split)
        self->prompts[i].echo = devssh_reader_get_boolean (reader);
    }
  for (guint i = 0; split && i < self->n_prompts; i++)
    self->prompts[i].echo = devssh_reader_get_boolean (reader);

  /* Which form it is shows only in that it takes up the message to the last byte; bytes behind it
   * can be ignored only where there is nothing to tell apart. */
  self->split = split;
  if (self->n_prompts > 1 && devssh_reader_get_available (reader) > 0)
    devssh_reader_fail (reader, DEVSSH_ERROR_MALFORMED, "bytes after the last prompt");
}

/* RFC 4256, 3.2: SSH_MSG_USERAUTH_INFO_REQUEST */
gboolean
devssh_info_request_message_decode (DevSshInfoRequestMessage  *self,
                                    const guint8              *payload,
                                    gsize                      length,
                                    GError                   **error)
{
  DevSshReader reader, again;

  memset (self, 0, sizeof *self);
  devssh_message_begin (&reader, DEVSSH_MESSAGE_USERAUTH_INFO_REQUEST, payload, length);
  self->name = devssh_reader_get_slice (&reader);
  self->instruction = devssh_reader_get_slice (&reader);
  self->language = devssh_reader_get_slice (&reader);
  /* A prompt is at least a length and a flag. */
  self->n_prompts = devssh_reader_get_count (&reader, 5, MAX_PROMPTS, "more than 64 prompts");
  self->prompts = g_new0 (DevSshInfoPrompt, self->n_prompts);

  again = reader;
  decode_prompts (self, &reader, FALSE);
  if (devssh_reader_ok (&again) && !devssh_reader_ok (&reader) && self->n_prompts > 1)
    {
      decode_prompts (self, &again, TRUE);
      if (devssh_reader_ok (&again))
        reader = again;
    }

  return devssh_message_end (&reader, self, sizeof *self,
                             (DevSshClearFunc) devssh_info_request_message_clear, error);
}

void
devssh_info_request_message_encode (const DevSshInfoRequestMessage *self,
                                    DevSshWriter                   *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_USERAUTH_INFO_REQUEST);
  devssh_writer_put (writer, self->name);
  devssh_writer_put (writer, self->instruction);
  devssh_writer_put (writer, self->language);
  devssh_writer_put_uint32 (writer, self->n_prompts);
  for (guint i = 0; i < self->n_prompts; i++)
    {
      devssh_writer_put (writer, self->prompts[i].prompt);
      if (!self->split)
        devssh_writer_put_boolean (writer, self->prompts[i].echo);
    }
  for (guint i = 0; self->split && i < self->n_prompts; i++)
    devssh_writer_put_boolean (writer, self->prompts[i].echo);
}

void
devssh_info_request_message_clear (DevSshInfoRequestMessage *self)
{
  g_free (self->prompts);
  memset (self, 0, sizeof *self);
}

/* RFC 4256, 3.4: SSH_MSG_USERAUTH_INFO_RESPONSE */
gboolean
devssh_info_response_message_decode (DevSshInfoResponseMessage  *self,
                                     const guint8               *payload,
                                     gsize                       length,
                                     GError                    **error)
{
  DevSshReader reader;

  devssh_message_begin (&reader, DEVSSH_MESSAGE_USERAUTH_INFO_RESPONSE, payload, length);
  self->n_responses = devssh_reader_get_count (&reader, 4, MAX_PROMPTS, "more than 64 responses");
  self->responses = g_new0 (DevSshSlice, self->n_responses);
  for (guint i = 0; i < self->n_responses; i++)
    self->responses[i] = devssh_reader_get_slice (&reader);

  return devssh_message_end (&reader, self, sizeof *self,
                             (DevSshClearFunc) devssh_info_response_message_clear, error);
}

void
devssh_info_response_message_encode (const DevSshInfoResponseMessage *self,
                                     DevSshWriter                    *writer)
{
  devssh_writer_put_byte (writer, DEVSSH_MESSAGE_USERAUTH_INFO_RESPONSE);
  devssh_writer_put_uint32 (writer, self->n_responses);
  for (guint i = 0; i < self->n_responses; i++)
    devssh_writer_put (writer, self->responses[i]);
}

void
devssh_info_response_message_clear (DevSshInfoResponseMessage *self)
{
  g_clear_pointer (&self->responses, g_free);
  self->n_responses = 0;
}
