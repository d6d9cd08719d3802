/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The method "none" (RFC 4252, 5.2): a user name and no proof. Clients send it to hear what would do. */
#include <libdevssh/auth/devssh-auth-method-private.h>

static DevSshAuthentication *
devssh_auth_none_ask (const DevSshAuthServerConfig        *config,
                      const DevSshUserauthRequestMessage  *request,
                      const guint8                        *payload,
                      GError                             **error)
{
  return devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_NONE, request->user);
}

static guint
devssh_auth_none_count (const DevSshAuthClientCredentials *credentials)
{
  return 1;
}

static DevSshAuthNeed
devssh_auth_none_prepare (const DevSshAuthAttempt *attempt)
{
  return DEVSSH_AUTH_NEED_NOTHING;
}

static gboolean
devssh_auth_none_write (const DevSshAuthAttempt       *attempt,
                        DevSshUserauthRequestMessage  *request,
                        DevSshWriter                  *payload,
                        GError                       **error)
{
  devssh_userauth_request_message_encode (request, payload);
  return TRUE;
}

const DevSshAuthMethod devssh_auth_none = {
  .name = DEVSSH_AUTH_METHOD_NONE,
  .ask = devssh_auth_none_ask,
  .is_last_resort = TRUE,
  .count = devssh_auth_none_count,
  .prepare = devssh_auth_none_prepare,
  .write = devssh_auth_none_write,
};
