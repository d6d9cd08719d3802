/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The method "hostbased" (RFC 4252, 9): the client's host signs for its user. */
#include <libdevssh/auth/devssh-auth-method-private.h>

static DevSshAuthentication *
devssh_auth_host_based_ask (const DevSshAuthServerConfig        *config,
                            const DevSshUserauthRequestMessage  *request,
                            const guint8                        *payload,
                            GError                             **error)
{
  /* T-33: "verify its signature or do not offer it". */
  g_autoptr(DevSshKeyPair) key = devssh_auth_verify_request (config, request, payload, error);
  DevSshAuthentication *question = NULL;

  if (key == NULL)
    return NULL;

  question = devssh_authentication_new (DEVSSH_AUTHENTICATION_TYPE_CLIENT_HOST_BASED, request->user);
  devssh_authentication_set_public_key (question, key);
  devssh_authentication_set_client (question, request->client_host, request->client_user);
  return question;
}

static guint
devssh_auth_host_based_count (const DevSshAuthClientCredentials *credentials)
{
  return credentials->host_based_key != NULL && credentials->client_host != NULL &&
         credentials->client_user != NULL ? 1 : 0;
}

static DevSshAuthNeed
devssh_auth_host_based_prepare (const DevSshAuthAttempt *attempt)
{
  DevSshKeyPair *key = attempt->credentials->host_based_key;

  return devssh_key_pair_get_has_private (key) && devssh_auth_pick_algorithm (attempt, key) != NULL
           ? DEVSSH_AUTH_NEED_NOTHING : DEVSSH_AUTH_NEED_LUCK;
}

static gboolean
devssh_auth_host_based_write (const DevSshAuthAttempt       *attempt,
                              DevSshUserauthRequestMessage  *request,
                              DevSshWriter                  *payload,
                              GError                       **error)
{
  request->client_host = g_strdup (attempt->credentials->client_host);
  request->client_user = g_strdup (attempt->credentials->client_user);
  return devssh_auth_write_signed (attempt, attempt->credentials->host_based_key, request, payload, error);
}

const DevSshAuthMethod devssh_auth_host_based = {
  .name = DEVSSH_AUTH_METHOD_HOST_BASED,
  .ask = devssh_auth_host_based_ask,
  .count = devssh_auth_host_based_count,
  .prepare = devssh_auth_host_based_prepare,
  .write = devssh_auth_host_based_write,
};
