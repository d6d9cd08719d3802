/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How the engines (and the client session, for the host key) fill a question in and read its answer. */
#pragma once

#include <libdevssh/auth/devssh-authentication.h>
#include <libdevssh/base/devssh-question-private.h>
#include <libdevssh/wire/devssh-messages-private.h>

#include <string.h>

G_BEGIN_DECLS

typedef enum
{
  DEVSSH_AUTH_ANSWER_NONE,       /* open */
  DEVSSH_AUTH_ANSWER_REJECT,
  DEVSSH_AUTH_ANSWER_ACCEPT,
  DEVSSH_AUTH_ANSWER_PROMPT,     /* server */
  DEVSSH_AUTH_ANSWER_RESPOND     /* client */
} DevSshAuthAnswer;

DevSshAuthentication *devssh_authentication_new            (DevSshAuthenticationType type, const char *user_name);
void                  devssh_authentication_set_password   (DevSshAuthentication *self, const char *password);      /* copied, wiped at the end */
void                  devssh_authentication_set_public_key (DevSshAuthentication *self, DevSshKeyPair *key);
void                  devssh_authentication_set_client     (DevSshAuthentication *self, const char *host, const char *user);
void                  devssh_authentication_set_request    (DevSshAuthentication *self, const DevSshInfoRequestMessage *request);  /* texts made safe (T-57) */
void                  devssh_authentication_set_responses  (DevSshAuthentication *self, const DevSshInfoResponseMessage *responses);
DevSshAuthAnswer      devssh_authentication_get_answer     (DevSshAuthentication *self);
GObject              *devssh_authentication_get_principal  (DevSshAuthentication *self);   /* borrowed; after ACCEPT never NULL */
/* Server: the prompts of a PROMPT answer, ready to encode (borrowed slices into self; the array is for clear). Client: the responses of RESPOND. */
void                  devssh_authentication_get_prompts    (DevSshAuthentication *self, DevSshInfoRequestMessage *request);
const char * const   *devssh_authentication_get_answers    (DevSshAuthentication *self);
/* The answer has been read: password, responses and answers are wiped now, whoever still holds the question. */
void                  devssh_authentication_wipe           (DevSshAuthentication *self);

#define DEVSSH_AUTH_MAX_PROMPTS 64   /* T-13 */

/* Passwords and responses are texts (RFC 4252, 8; RFC 4256, 3.4). One with a zero byte would compare equal to a shorter one. */
static inline gboolean
devssh_auth_is_text (const DevSshSlice *slice)
{
  return g_utf8_validate_len ((const char *) slice->data, slice->length, NULL);
}

static inline DevSshSlice
devssh_auth_text_slice (const char *text)
{
  return (DevSshSlice) { (const guint8 *) text, text != NULL ? strlen (text) : 0 };
}

/* For devssh_secret_strfree(). */
char                 *devssh_auth_dup_secret               (const DevSshSlice *slice);

G_END_DECLS
