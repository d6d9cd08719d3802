/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* SEC 1 keys on elliptic curves: RFC 5915. PKCS#8 wraps them. */
#include <libdevssh/keys/devssh-key-format-private.h>

#include <openssl/asn1t.h>
#include <openssl/objects.h>
#include <string.h>

typedef struct
{
  ASN1_INTEGER      *version;
  ASN1_OCTET_STRING *d;
  ASN1_TYPE         *parameters;  /* an object if the curve is named */
  ASN1_BIT_STRING   *q;
} DevSshEcPrivateKey;

static int
devssh_ec_private_key_cb (int              operation,
                          ASN1_VALUE     **value,
                          const ASN1_ITEM *item,
                          void            *extra)
{
  if (operation == ASN1_OP_FREE_PRE)
    devssh_asn1_wipe (((DevSshEcPrivateKey *) *value)->d);
  return 1;
}

ASN1_SEQUENCE_cb (DevSshEcPrivateKey, devssh_ec_private_key_cb) = {
  ASN1_SIMPLE (DevSshEcPrivateKey, version, ASN1_INTEGER),
  ASN1_SIMPLE (DevSshEcPrivateKey, d, ASN1_OCTET_STRING),
  ASN1_EXP_OPT (DevSshEcPrivateKey, parameters, ASN1_ANY, 0),
  ASN1_EXP_OPT (DevSshEcPrivateKey, q, ASN1_BIT_STRING, 1),
} static_ASN1_SEQUENCE_END_cb (DevSshEcPrivateKey, DevSshEcPrivateKey)

static void
devssh_ec_private_key_free (DevSshEcPrivateKey *self)
{
  ASN1_item_free ((ASN1_VALUE *) self, ASN1_ITEM_rptr (DevSshEcPrivateKey));
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DevSshEcPrivateKey, devssh_ec_private_key_free)

static const struct { int nid; const char *name; } devssh_curves[] = {
  { NID_X9_62_prime256v1, "nistp256" },
  { NID_secp384r1,        "nistp384" },
  { NID_secp521r1,        "nistp521" },
};

const char *
devssh_key_sec1_curve_for_object (const ASN1_OBJECT *object)
{
  int nid = OBJ_obj2nid (object);

  for (guint i = 0; i < G_N_ELEMENTS (devssh_curves); i++)
    {
      if (devssh_curves[i].nid == nid)
        return devssh_curves[i].name;
    }
  return NULL;
}

ASN1_OBJECT *
devssh_key_sec1_object_for_curve (DevSshSlice curve)
{
  for (guint i = 0; i < G_N_ELEMENTS (devssh_curves); i++)
    {
      if (devssh_slice_is (curve, devssh_curves[i].name))
        return OBJ_nid2obj (devssh_curves[i].nid);
    }
  return NULL;
}

static const char *
devssh_ec_private_key_get_curve (const DevSshEcPrivateKey *self)
{
  return self->parameters != NULL && self->parameters->type == V_ASN1_OBJECT
         ? devssh_key_sec1_curve_for_object (self->parameters->value.object)
         : NULL;
}

/* RFC 5915, 3: both the parameters and the public key may be left out. */
gboolean
devssh_key_sec1_read (DevSshSlice    der,
                      const char    *curve,
                      DevSshWriter  *fields,
                      GError       **error)
{
  g_autoptr(DevSshEcPrivateKey) ec = devssh_asn1_read (der, ASN1_ITEM_rptr (DevSshEcPrivateKey),
                                                       "private key in the SEC1 format", error);
  g_autofree char *name = NULL;
  DevSshSlice q = { NULL, 0 }, d;

  if (ec == NULL)
    return FALSE;

  if (ec->parameters != NULL && curve != NULL &&
      g_strcmp0 (devssh_ec_private_key_get_curve (ec), curve) != 0)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "The key names two curves");
      return FALSE;
    }
  if (curve == NULL)
    curve = devssh_ec_private_key_get_curve (ec);
  if (curve == NULL)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                           "The key is on none of the curves nistp256, nistp384 and nistp521");
      return FALSE;
    }

  d = devssh_asn1_slice (ec->d);
  if (ec->q != NULL)
    q = devssh_asn1_slice (ec->q);

  name = g_strconcat ("ecdsa-sha2-", curve, NULL);
  devssh_writer_put_utf8 (fields, name);
  devssh_writer_put_utf8 (fields, curve);
  devssh_writer_put_slice (fields, q.data, q.length);
  devssh_writer_put_mpint (fields, d.data, d.length);
  return TRUE;
}

DevSshSecret *
devssh_key_sec1_write (DevSshKeyPair  *key,
                       gboolean        named,
                       GError        **error)
{
  g_autoptr(DevSshEcPrivateKey) ec = (gpointer) ASN1_item_new (ASN1_ITEM_rptr (DevSshEcPrivateKey));
  g_autoptr(DevSshSecret) padded = NULL;
  DevSshSlice curve, q, d;
  DevSshReader reader;
  gsize width = 0;
  DEVSSH_WRITER_AUTO (fields);

  if (!devssh_key_pair_put_private_fields (key, &fields, error))
    return NULL;

  devssh_reader_init (&reader, fields.data, fields.length);
  devssh_reader_get_slice (&reader);   /* the type */
  curve = devssh_reader_get_slice (&reader);
  q = devssh_reader_get_slice (&reader);
  d = devssh_reader_get_magnitude (&reader, TRUE);
  width = (q.length - 1) / 2;
  g_assert (devssh_reader_ok (&reader) && d.length <= width);

  /* RFC 5915, 3: "of length ceiling (log2(n)/8)" */
  padded = devssh_secret_new (width);
  memcpy (padded->data + width - d.length, d.data, d.length);

  devssh_evp_must (ec != NULL && ASN1_INTEGER_set (ec->version, 1) == 1 &&
                   ASN1_OCTET_STRING_set (ec->d, padded->data, (int) width) == 1,
                   "ASN1_OCTET_STRING_set");
  ec->q = ASN1_BIT_STRING_new ();
  devssh_evp_must (ec->q != NULL, "ASN1_BIT_STRING_new");
  devssh_asn1_set_bits (ec->q, q);
  if (named)
    {
      ec->parameters = ASN1_TYPE_new ();
      devssh_evp_must (ec->parameters != NULL, "ASN1_TYPE_new");
      ASN1_TYPE_set (ec->parameters, V_ASN1_OBJECT, devssh_key_sec1_object_for_curve (curve));
    }
  return devssh_asn1_write (ec, ASN1_ITEM_rptr (DevSshEcPrivateKey));
}
