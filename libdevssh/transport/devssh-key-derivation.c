/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From what both ends have said and computed to the keys: the hash of RFC 4253, 8 and the letters
 * of 7.2. */
#include <libdevssh/transport/devssh-transport-state-private.h>

#include <string.h>

static void
put_slice (DevSshWriter *writer,
           DevSshSlice   slice)
{
  devssh_writer_put_slice (writer, slice.data, slice.length);
}

/* e and f go over the wire in a string and into the hash as mpint, which is the shortest form. */
static void
put_public (DevSshWriter *writer,
            DevSshSlice   value,
            gboolean      is_mpint)
{
  if (!is_mpint)
    {
      put_slice (writer, value);
      return;
    }

  while (value.length > 0 && *value.data == 0)
    {
      value.data++;
      value.length--;
    }
  devssh_writer_put_mpint (writer, value.data, value.length);
}

DevSshSecret *
devssh_exchange_hash (const DevSshKexAlgorithm *algorithm,
                      const char               *client_version,
                      const char               *server_version,
                      DevSshSlice               client_init,
                      DevSshSlice               server_init,
                      DevSshSlice               host_key,
                      DevSshSlice               client_public,
                      DevSshSlice               server_public,
                      const DevSshSecret       *shared)
{
  g_autoptr(DevSshHash) hash = devssh_hash_new (algorithm->hash);
  DevSshSecret *digest = devssh_secret_new (devssh_hash_id_get_size (algorithm->hash));
  DEVSSH_WRITER_AUTO (writer);

  devssh_writer_put_utf8 (&writer, client_version);
  devssh_writer_put_utf8 (&writer, server_version);
  put_slice (&writer, client_init);
  put_slice (&writer, server_init);
  put_slice (&writer, host_key);
  put_public (&writer, client_public, algorithm->value_is_mpint);
  put_public (&writer, server_public, algorithm->value_is_mpint);
  devssh_writer_put_mpint (&writer, shared->data, shared->length);

  devssh_hash_update (hash, writer.data, writer.length);
  devssh_hash_finish (hash, digest->data);

  return digest;
}

/* RFC 4253, 7.2:
 *   K1 = HASH (K || H || letter || session_id)
 *   Kn = HASH (K || H || K1 || ... || Kn-1)
 *   key = K1 || K2 || ... */
DevSshSecret *
devssh_key_material_derive (const DevSshKeyMaterial *self,
                            char                     letter,
                            gsize                    length)
{
  gsize size = devssh_hash_id_get_size (self->hash);
  gsize rounded = (MAX (length, 1) + size - 1) / size * size;
  g_autoptr(DevSshHash) hash = devssh_hash_new (self->hash);
  g_autoptr(DevSshSecret) key = devssh_secret_new (rounded);
  DevSshSecret *result;
  DEVSSH_WRITER_AUTO (shared);

  devssh_writer_put_mpint (&shared, self->shared->data, self->shared->length);

  for (gsize done = 0; done < rounded; done += size)
    {
      devssh_hash_update (hash, shared.data, shared.length);
      devssh_hash_update (hash, self->exchange->data, self->exchange->length);
      if (done == 0)
        {
          devssh_hash_update (hash, &letter, 1);
          devssh_hash_update (hash, self->session_id->data, self->session_id->length);
        }
      else
        {
          devssh_hash_update (hash, key->data, done);
        }
      devssh_hash_finish (hash, key->data + done);
    }

  result = devssh_secret_new_copy (key->data, length);

  return result;
}
