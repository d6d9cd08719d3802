/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keys and signatures in message 50: what "publickey" and "hostbased" share (RFC 4252, 7 and 9). */
#include <libdevssh/auth/devssh-auth-method-private.h>

#include <libdevssh/base/devssh-error.h>

/* RFC 4252, 7: "string session identifier", then the request from its number byte up to the signature.
 * The bytes are those that were received or will be sent, so no second encoding can differ from them. */
static void
devssh_auth_put_signed_data (DevSshWriter       *writer,
                             const DevSshSecret *session_id,
                             const guint8       *payload,
                             gsize               length)
{
  devssh_writer_put_slice (writer, session_id->data, session_id->length);
  devssh_writer_put_bytes (writer, payload, length);
}

DevSshKeyPair *
devssh_auth_read_key (const DevSshAuthServerConfig        *config,
                      const DevSshUserauthRequestMessage  *request,
                      GError                             **error)
{
  g_autoptr(DevSshKeyPair) key = NULL;

  /* RFC 8332, 3: the names of the configuration, so never SHA-1 unless somebody wrote it there. */
  if (!devssh_name_list_contains ((const char * const *) config->key_algorithms, request->algorithm))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                           "The public key algorithm is not configured");
      return NULL;
    }

  key = devssh_key_pair_new_for_blob (request->key_blob.data, request->key_blob.length, error);
  if (key == NULL)
    return NULL;

  if (!devssh_key_pair_fits (key, request->algorithm))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                           "The public key is not of the algorithm that was named");
      return NULL;
    }

  return g_steal_pointer (&key);
}

DevSshKeyPair *
devssh_auth_verify_request (const DevSshAuthServerConfig        *config,
                            const DevSshUserauthRequestMessage  *request,
                            const guint8                        *payload,
                            GError                             **error)
{
  g_autoptr(DevSshKeyPair) key = devssh_auth_read_key (config, request, error);
  DEVSSH_WRITER_AUTO (signed_data);

  if (key == NULL)
    return NULL;

  /* A signature that is bound to no session could be played again in any other. */
  if (config->session_id == NULL || config->session_id->length == 0)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_INVALID_STATE,
                           "There is no session identifier");
      return NULL;
    }

  devssh_auth_put_signed_data (&signed_data, config->session_id, payload, request->signed_length);
  if (!devssh_key_pair_verify_raw (key, request->algorithm, signed_data.data, signed_data.length,
                                   request->signature.data, request->signature.length, error))
    return NULL;

  return g_steal_pointer (&key);
}

/* The configured names that the peer lists, in our order; failing that, whatever it lists and the key can do. */
const char *
devssh_auth_pick_algorithm (const DevSshAuthAttempt *attempt,
                            DevSshKeyPair           *key)
{
  const char * const *configured = (const char * const *) attempt->config->key_algorithms;

  if (attempt->peer_algorithms == NULL)
    return devssh_key_pair_pick (key, configured);

  for (guint i = 0; configured != NULL && configured[i] != NULL; i++)
    {
      if (devssh_key_pair_fits (key, configured[i]) &&
          devssh_name_list_contains (attempt->peer_algorithms, configured[i]))
        return configured[i];
    }

  /* RFC 8308, 3.1: the peer would not take any other, and some hang up on one. */
  return devssh_key_pair_pick (key, attempt->peer_algorithms);
}

gboolean
devssh_auth_write_signed (const DevSshAuthAttempt       *attempt,
                          DevSshKeyPair                 *key,
                          DevSshUserauthRequestMessage  *request,
                          DevSshWriter                  *payload,
                          GError                       **error)
{
  const DevSshSecret *session_id = attempt->config->session_id;
  const char *algorithm = devssh_auth_pick_algorithm (attempt, key);
  DEVSSH_WRITER_AUTO (signed_data);
  DEVSSH_WRITER_AUTO (signature);
  gboolean signed_it = FALSE;

  if (algorithm == NULL || session_id == NULL || session_id->length == 0)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                           "No signature algorithm for this key and this session");
      return FALSE;
    }

  /* Without its signature yet, the message is written up to where the signature stands. */
  request->has_signature = TRUE;
  request->algorithm = g_strdup (algorithm);
  devssh_key_pair_peek_blob (key, &request->key_blob.data, &request->key_blob.length);
  devssh_userauth_request_message_encode (request, payload);

  devssh_auth_put_signed_data (&signed_data, session_id, payload->data, payload->length);
  signed_it = devssh_key_pair_sign_raw (key, algorithm, signed_data.data, signed_data.length,
                                        &signature, error);
  if (signed_it)
    devssh_writer_put_slice (payload, signature.data, signature.length);

  return signed_it;
}
