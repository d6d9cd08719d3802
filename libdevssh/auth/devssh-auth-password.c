/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The method "password" (RFC 4252, 8). */
#include <libdevssh/auth/devssh-auth-method-private.h>

#include <libdevssh/base/devssh-error.h>

static DevSshAuthentication *
devssh_auth_password_ask (const DevSshAuthServerConfig        *config,
                          const DevSshUserauthRequestMessage  *request,
                          const guint8                        *payload,
                          GError                             **error)
{
  DevSshAuthentication *question = NULL;
  char *password = NULL;

  /* RFC 4252, 8: a new password is for servers that can change one; to this one it is a failure. */
  if (request->change_password)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                           "Passwords cannot be changed here");
      return NULL;
    }

  if (!devssh_auth_is_text (&request->password))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "The password is not UTF-8");
      return NULL;
    }

  question = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_PASSWORD, request->user);
  password = devssh_auth_dup_secret (&request->password);
  devssh_authentication_set_password (question, password);
  devssh_secret_strfree (password);
  return question;
}

static guint
devssh_auth_password_count (const DevSshAuthClientCredentials *credentials)
{
  return credentials->password != NULL || credentials->has_password_provider ? 1 : 0;
}

static DevSshAuthNeed
devssh_auth_password_prepare (const DevSshAuthAttempt *attempt)
{
  return attempt->credentials->password != NULL ? DEVSSH_AUTH_NEED_NOTHING : DEVSSH_AUTH_NEED_PASSWORD;
}

static gboolean
devssh_auth_password_write (const DevSshAuthAttempt       *attempt,
                            DevSshUserauthRequestMessage  *request,
                            DevSshWriter                  *payload,
                            GError                       **error)
{
  request->password = devssh_auth_text_slice (attempt->credentials->password);
  devssh_userauth_request_message_encode (request, payload);
  return TRUE;
}

/* RFC 4252, 8: SSH_MSG_USERAUTH_PASSWD_CHANGEREQ, the password is right and has expired. It is not
 * changed here, and no 51 follows: the next request may go out. */
static DevSshAuthReply
devssh_auth_password_reply (const DevSshAuthAttempt  *attempt,
                            const guint8             *payload,
                            gsize                     length,
                            DevSshAuthentication    **question,
                            GError                  **error)
{
  return DEVSSH_AUTH_REPLY_NO;
}

const DevSshAuthMethod devssh_auth_password = {
  .name = DEVSSH_AUTH_METHOD_PASSWORD,
  .ask = devssh_auth_password_ask,
  .count = devssh_auth_password_count,
  .prepare = devssh_auth_password_prepare,
  .write = devssh_auth_password_write,
  .reply = devssh_auth_password_reply,
};
