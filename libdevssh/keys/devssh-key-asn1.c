/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* DER through OpenSSL's templates. Not through its decoders of keys: those leave up to twenty
 * copies of the private half in freed memory (T-82), and try every kind of key there is. */
#include <libdevssh/keys/devssh-key-format-private.h>

#include <openssl/err.h>

gpointer
devssh_asn1_read (DevSshSlice       der,
                  const ASN1_ITEM  *item,
                  const char       *what,
                  GError          **error)
{
  const guint8 *at = der.data;
  ASN1_VALUE *value = NULL;

  if (der.length <= DEVSSH_KEY_FILE_MAX_SIZE)
    value = ASN1_item_d2i (NULL, &at, (long) der.length, item);
  ERR_clear_error ();

  if (value == NULL || at != der.data + der.length)
    {
      ASN1_item_free (value, item);
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "This is no %s", what);
      return NULL;
    }
  return value;
}

DevSshSecret *
devssh_asn1_write (gpointer         value,
                   const ASN1_ITEM *item)
{
  int length = ASN1_item_i2d (value, NULL, item);
  DevSshSecret *secret = NULL;
  guint8 *at = NULL;

  /* What we have put together ourselves can be written. */
  devssh_evp_must (length > 0, "ASN1_item_i2d");
  secret = devssh_secret_new ((gsize) length);
  at = secret->data;
  devssh_evp_must (ASN1_item_i2d (value, &at, item) == length, "ASN1_item_i2d");
  return secret;
}

void
devssh_asn1_wipe (ASN1_STRING *string)
{
  if (string != NULL)
    devssh_wipe ((gpointer) ASN1_STRING_get0_data (string), (gsize) ASN1_STRING_length (string));
}

gboolean
devssh_asn1_put_number (const ASN1_INTEGER *number,
                        DevSshWriter       *writer)
{
  DevSshSlice magnitude = devssh_asn1_slice (number);

  if (ASN1_STRING_type (number) != V_ASN1_INTEGER)
    return FALSE;

  devssh_writer_put_mpint (writer, magnitude.data, magnitude.length);
  return TRUE;
}

void
devssh_asn1_set_bits (ASN1_BIT_STRING *string,
                      DevSshSlice      bits)
{
  devssh_evp_must (ASN1_BIT_STRING_set (string, (guint8 *) bits.data, (int) bits.length),
                   "ASN1_BIT_STRING_set");
  /* All eight bits of the last byte count, also when they are zero: without the flag OpenSSL leaves
   * those out. */
  string->flags = (string->flags & ~(ASN1_STRING_FLAG_BITS_LEFT | 0x07)) | ASN1_STRING_FLAG_BITS_LEFT;
}
