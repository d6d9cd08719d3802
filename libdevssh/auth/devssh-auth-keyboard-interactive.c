/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The method "keyboard-interactive" (RFC 4256): rounds of prompts and responses. */
#include <libdevssh/auth/devssh-auth-method-private.h>

#include <libdevssh/base/devssh-error.h>

static DevSshAuthentication *
devssh_auth_keyboard_interactive_ask (const DevSshAuthServerConfig        *config,
                                      const DevSshUserauthRequestMessage  *request,
                                      const guint8                        *payload,
                                      GError                             **error)
{
  /* RFC 4256, 3.1: language and submethods are hints. */
  return devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE, request->user);
}

static DevSshAuthentication *
devssh_auth_keyboard_interactive_ask_on (const char                       *user_name,
                                         const DevSshInfoResponseMessage  *response,
                                         GError                          **error)
{
  DevSshAuthentication *question = NULL;

  for (guint i = 0; i < response->n_responses; i++)
    {
      if (!devssh_auth_is_text (&response->responses[i]))
        {
          g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "A response is not UTF-8");
          return NULL;
        }
    }

  question = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE, user_name);
  devssh_authentication_set_responses (question, response);
  return question;
}

static guint
devssh_auth_keyboard_interactive_count (const DevSshAuthClientCredentials *credentials)
{
  return credentials->has_interactive_handler ? 1 : 0;
}

static DevSshAuthNeed
devssh_auth_keyboard_interactive_prepare (const DevSshAuthAttempt *attempt)
{
  return DEVSSH_AUTH_NEED_NOTHING;
}

static gboolean
devssh_auth_keyboard_interactive_write (const DevSshAuthAttempt       *attempt,
                                        DevSshUserauthRequestMessage  *request,
                                        DevSshWriter                  *payload,
                                        GError                       **error)
{
  devssh_userauth_request_message_encode (request, payload);
  return TRUE;
}

static DevSshAuthReply
devssh_auth_keyboard_interactive_reply (const DevSshAuthAttempt  *attempt,
                                        const guint8             *payload,
                                        gsize                     length,
                                        DevSshAuthentication    **question,
                                        GError                  **error)
{
  g_auto(DevSshInfoRequestMessage) message = { 0 };

  if (!devssh_info_request_message_decode (&message, payload, length, error))
    return DEVSSH_AUTH_REPLY_BAD;

  /* protocol.md 4.6: in a client the question names no user; the application knows who it is. */
  *question = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_INTERACTIVE, NULL);
  devssh_authentication_set_request (*question, &message);
  return DEVSSH_AUTH_REPLY_QUESTION;
}

const DevSshAuthMethod devssh_auth_keyboard_interactive = {
  .name = DEVSSH_AUTH_METHOD_KEYBOARD_INTERACTIVE,
  .ask = devssh_auth_keyboard_interactive_ask,
  .ask_on = devssh_auth_keyboard_interactive_ask_on,
  .is_last_resort = TRUE,
  .count = devssh_auth_keyboard_interactive_count,
  .prepare = devssh_auth_keyboard_interactive_prepare,
  .write = devssh_auth_keyboard_interactive_write,
  .reply = devssh_auth_keyboard_interactive_reply,
};
