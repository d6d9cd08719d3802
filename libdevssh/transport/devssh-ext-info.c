/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* EXT_INFO (RFC 8308): what each end can do beyond the algorithms; once, right behind the first
 * NEWKEYS. */
#include <libdevssh/transport/devssh-transport-state-private.h>

#include <string.h>

/* RFC 8308, 3.1: server-sig-algs is a list of what public keys may sign with. Both roles send
 * it. */
static char *
make_signature_algorithms (const DevSshTransportConfig *config)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; config->key_algorithms != NULL && config->key_algorithms[i] != NULL; i++)
    {
      if (g_str_equal (config->key_algorithms[i], DEVSSH_ALGORITHM_NONE))
        continue;
      if (list->len > 0)
        g_string_append_c (list, ',');
      g_string_append (list, config->key_algorithms[i]);
    }

  return g_string_free (list, FALSE);
}

void
devssh_ext_info_send (DevSshTransport *self)
{
  char **names = self->config->extensions;
  guint n_names = names != NULL ? g_strv_length (names) : 0;
  g_autofree DevSshExtension *extensions = g_new0 (DevSshExtension, n_names);
  g_autofree char *algorithms = make_signature_algorithms (self->config);
  DevSshExtInfoMessage message = { extensions, n_names };
  DEVSSH_WRITER_AUTO (writer);

  for (guint i = 0; i < n_names; i++)
    {
      extensions[i].name = names[i];
      if (g_str_equal (names[i], DEVSSH_EXTENSION_SERVER_SIGNATURE_ALGORITHMS))
        {
          extensions[i].value.data = (const guint8 *) algorithms;
          extensions[i].value.length = strlen (algorithms);
        }
    }

  devssh_ext_info_message_encode (&message, &writer);
  devssh_transport_seal (self, writer.data, writer.length, NULL, 0, NULL);
}

gboolean
devssh_ext_info_handle (DevSshTransport *self,
                        const guint8    *payload,
                        gsize            length,
                        gboolean         in_place)
{
  g_auto(DevSshExtInfoMessage) message = { NULL, 0 };

  /* RFC 8308, 2.4: right behind NEWKEYS; a server's also right before USERAUTH_SUCCESS (T-32). */
  if (!in_place)
    {
      if (self->config->is_server || self->phase != DEVSSH_PHASE_AUTH)
        {
          devssh_transport_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR,
                                 "EXT_INFO out of place");
          return FALSE;
        }
      self->success_due = TRUE;
    }

  if (!devssh_ext_info_message_decode (&message, payload, length, NULL))
    {
      devssh_transport_fail (self, DEVSSH_DISCONNECT_REASON_PROTOCOL_ERROR, "Malformed EXT_INFO");
      return FALSE;
    }

  if (self->peer_extensions == NULL)
    self->peer_extensions = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                                   (GDestroyNotify) g_bytes_unref);

  /* T-75: of equal names the last one counts. */
  for (guint i = 0; i < message.n_extensions; i++)
    {
      const DevSshExtension *extension = &message.extensions[i];

      g_hash_table_replace (self->peer_extensions, g_strdup (extension->name),
                            g_bytes_new (extension->value.data, extension->value.length));
    }

  return TRUE;
}

gboolean
devssh_transport_have_ext_info (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->peer_extensions != NULL;
}

GHashTable *
devssh_transport_get_peer_extensions (DevSshTransport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->peer_extensions;
}

gboolean
devssh_transport_has_extension (DevSshTransport *self,
                                const char      *name)
{
  g_return_val_if_fail (self != NULL && name != NULL, FALSE);

  return self->peer_extensions != NULL &&
         g_hash_table_contains (self->peer_extensions, name) &&
         devssh_name_list_contains ((const char * const *) self->config->extensions, name);
}
