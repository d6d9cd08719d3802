/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The method "publickey" (RFC 4252, 7; RFC 8332): a signature, or the question whether a key would do. */
#include <libdevssh/auth/devssh-auth-method-private.h>

#include <libdevssh/base/devssh-error.h>

static DevSshAuthentication *
devssh_auth_public_key_ask (const DevSshAuthServerConfig        *config,
                            const DevSshUserauthRequestMessage  *request,
                            const guint8                        *payload,
                            GError                             **error)
{
  DevSshAuthenticationType type;
  g_autoptr(DevSshKeyPair) key = NULL;
  DevSshAuthentication *question = NULL;

  /* T-33: of the kind CLIENT_PUBLIC_KEY is only what comes out of verify_request(). T-35: a query is
   * of a kind of its own. */
  if (request->has_signature)
    {
      type = DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY;
      key = devssh_auth_verify_request (config, request, payload, error);
    }
  else
    {
      type = DEVSSH_AUTHENTICATION_TYPE_CLIENT_PUBLIC_KEY_QUERY;
      key = devssh_auth_read_key (config, request, error);
    }

  if (key == NULL)
    return NULL;

  question = devssh_authentication_new (type, request->user);
  devssh_authentication_set_public_key (question, key);
  return question;
}

static guint
devssh_auth_public_key_count (const DevSshAuthClientCredentials *credentials)
{
  return credentials->keys != NULL ? credentials->keys->len : 0;
}

/* Peers of the Dev Tunnels family know no ed25519, and one of them hangs up when it is offered: the
 * rest of what is here is known to all of them. Without the peer's list nobody can tell. */
static gboolean
devssh_auth_public_key_is_known_everywhere (const char *algorithm)
{
  return !g_str_equal (algorithm, DEVSSH_ALGORITHM_KEY_ED25519);
}

static DevSshAuthNeed
devssh_auth_public_key_prepare (const DevSshAuthAttempt *attempt)
{
  const char *algorithm = devssh_auth_pick_algorithm (attempt, attempt->key);

  if (algorithm == NULL)
    return DEVSSH_AUTH_NEED_LUCK;

  if (attempt->peer_algorithms == NULL && attempt->ext_info_expected &&
      !devssh_auth_public_key_is_known_everywhere (algorithm))
    return DEVSSH_AUTH_NEED_EXT_INFO;

  if (attempt->credentials->query || devssh_key_pair_get_has_private (attempt->key))
    return DEVSSH_AUTH_NEED_NOTHING;

  return attempt->credentials->has_private_key_provider ? DEVSSH_AUTH_NEED_PRIVATE_KEY
                                                        : DEVSSH_AUTH_NEED_LUCK;
}

static gboolean
devssh_auth_public_key_write (const DevSshAuthAttempt       *attempt,
                              DevSshUserauthRequestMessage  *request,
                              DevSshWriter                  *payload,
                              GError                       **error)
{
  if (!attempt->credentials->query)
    return devssh_auth_write_signed (attempt, attempt->key, request, payload, error);

  request->algorithm = g_strdup (devssh_auth_pick_algorithm (attempt, attempt->key));
  devssh_key_pair_peek_blob (attempt->key, &request->key_blob.data, &request->key_blob.length);
  devssh_userauth_request_message_encode (request, payload);
  return TRUE;
}

/* RFC 4252, 7: SSH_MSG_USERAUTH_PK_OK, for queries alone. What it repeats differs from peer to peer
 * (protocol.md 4.4), and one query is outstanding at a time, so it is read and not compared. */
static DevSshAuthReply
devssh_auth_public_key_reply (const DevSshAuthAttempt  *attempt,
                              const guint8             *payload,
                              gsize                     length,
                              DevSshAuthentication    **question,
                              GError                  **error)
{
  g_auto(DevSshPkOkMessage) message = { 0 };

  if (!attempt->credentials->query)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "PK_OK without a query");
      return DEVSSH_AUTH_REPLY_BAD;
    }

  if (!devssh_pk_ok_message_decode (&message, payload, length, error))
    return DEVSSH_AUTH_REPLY_BAD;

  return DEVSSH_AUTH_REPLY_YES;
}

const DevSshAuthMethod devssh_auth_public_key = {
  .name = DEVSSH_AUTH_METHOD_PUBLIC_KEY,
  .ask = devssh_auth_public_key_ask,
  .count = devssh_auth_public_key_count,
  .prepare = devssh_auth_public_key_prepare,
  .write = devssh_auth_public_key_write,
  .reply = devssh_auth_public_key_reply,
};
