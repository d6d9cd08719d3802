/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON Web Keys: RFC 7517 and 7518, 6; RFC 8037 for Ed25519. The few members of one object are read
 * here, and not by json-glib, which leaves what was secret in memory (docs/decisions/0008). */
#include <libdevssh/keys/devssh-key-format-private.h>

#include <libdevssh/wire/devssh-numbers.h>

#include <string.h>

/* Of values that are stepped over. */
#define MAX_DEPTH 32

/* ---- JSON (RFC 8259) ---- */

typedef struct
{
  const guint8 *at;
  const guint8 *end;
} DevSshJson;

static void
devssh_json_skip_space (DevSshJson *self)
{
  while (self->at < self->end && strchr (" \t\r\n", *self->at) != NULL && *self->at != '\0')
    self->at++;
}

static gboolean
devssh_json_take (DevSshJson *self,
                  char        c)
{
  devssh_json_skip_space (self);
  if (self->at == self->end || *self->at != (guint8) c)
    return FALSE;
  self->at++;
  return TRUE;
}

static gboolean
devssh_json_take_unit (DevSshJson *self,
                       gunichar   *unit)
{
  *unit = 0;
  if (self->end - self->at < 4)
    return FALSE;

  for (guint i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value ((char) self->at[i]);

      if (digit < 0)
        return FALSE;
      *unit = *unit << 4 | (gunichar) digit;
    }
  self->at += 4;
  return TRUE;
}

/* RFC 8259, 7: behind the backslash and the u, a character, or the first half of a pair. */
static gboolean
devssh_json_take_character (DevSshJson   *self,
                            DevSshWriter *text)
{
  gunichar c, low;
  char bytes[6];

  if (!devssh_json_take_unit (self, &c))
    return FALSE;
  if (c >= 0xd800 && c < 0xdc00)
    {
      if (self->end - self->at < 2 || self->at[0] != '\\' || self->at[1] != 'u')
        return FALSE;
      self->at += 2;
      if (!devssh_json_take_unit (self, &low) || low < 0xdc00 || low >= 0xe000)
        return FALSE;
      c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
  if (c == 0 || (c >= 0xdc00 && c < 0xe000))
    return FALSE;
  devssh_writer_put_bytes (text, (const guint8 *) bytes, (gsize) g_unichar_to_utf8 (c, bytes));
  return TRUE;
}

/* RFC 8259, 7. text: without the quotes and the escapes. */
static gboolean
devssh_json_take_string (DevSshJson   *self,
                         DevSshWriter *text)
{
  static const char escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";

  if (!devssh_json_take (self, '"'))
    return FALSE;

  while (self->at < self->end)
    {
      guint8 c = *self->at++;
      const char *escape = NULL;

      if (c == '"')
        return TRUE;
      if (c < 0x20)
        return FALSE;
      if (c != '\\')
        {
          devssh_writer_put_byte (text, c);
          continue;
        }
      if (self->at == self->end)
        return FALSE;
      c = *self->at++;
      escape = c != '\0' ? strchr (escapes, c) : NULL;
      if (escape != NULL)
        devssh_writer_put_byte (text, (guint8) meant[escape - escapes]);
      else if (c != 'u' || !devssh_json_take_character (self, text))
        return FALSE;
    }
  return FALSE;
}

/* Numbers and words: nothing of theirs is of use, so it is enough that they end. */
static gboolean
devssh_json_skip_word (DevSshJson *self)
{
  const guint8 *start = self->at;

  while (self->at < self->end &&
         (g_ascii_isalnum (*self->at) || *self->at == '+' || *self->at == '-' || *self->at == '.'))
    self->at++;
  return self->at > start;
}

static gboolean
devssh_json_skip_value (DevSshJson *self,
                        guint       depth)
{
  gboolean is_object = FALSE;
  DEVSSH_WRITER_AUTO (ignored);

  devssh_json_skip_space (self);
  if (self->at == self->end || depth > MAX_DEPTH)
    return FALSE;
  if (*self->at == '"')
    return devssh_json_take_string (self, &ignored);
  if (*self->at != '{' && *self->at != '[')
    return devssh_json_skip_word (self);

  is_object = *self->at++ == '{';
  if (devssh_json_take (self, is_object ? '}' : ']'))
    return TRUE;
  do
    {
      if (is_object && !(devssh_json_take_string (self, &ignored) && devssh_json_take (self, ':')))
        return FALSE;
      if (!devssh_json_skip_value (self, depth + 1))
        return FALSE;
    }
  while (devssh_json_take (self, ','));
  return devssh_json_take (self, is_object ? '}' : ']');
}

/* ---- members ---- */

enum { KTY, CRV, COMMENT, N, E, D, P, Q, QI, X, Y, OTH, N_MEMBERS };

static const char * const devssh_jwk_names[N_MEMBERS] = {
  "kty", "crv", "comment", "n", "e", "d", "p", "q", "qi", "x", "y", "oth"
};

typedef struct
{
  DevSshSecret *values[N_MEMBERS];   /* texts without an end of their own; NULL: not there */
} DevSshJwk;

static void
devssh_jwk_clear (DevSshJwk *self)
{
  for (guint i = 0; i < N_MEMBERS; i++)
    devssh_secret_free (self->values[i]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DevSshJwk, devssh_jwk_clear)

static void
devssh_jwk_set_malformed (GError     **error,
                          const char  *what)
{
  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "JSON Web Key: %s", what);
}

static gboolean
devssh_jwk_is (const DevSshJwk *self,
               guint            member,
               const char      *text)
{
  return self->values[member] != NULL &&
         devssh_slice_is (devssh_key_secret_slice (self->values[member]), text);
}

/* A member that means nothing here may be anything (RFC 7517, 4). */
static gboolean
devssh_jwk_read_member (DevSshJwk   *self,
                        DevSshJson  *json,
                        GError     **error)
{
  guint member = 0;
  DEVSSH_WRITER_AUTO (name);
  DEVSSH_WRITER_AUTO (value);

  if (!devssh_json_take_string (json, &name) || !devssh_json_take (json, ':'))
    {
      devssh_jwk_set_malformed (error, "this is not JSON");
      return FALSE;
    }
  while (member < N_MEMBERS &&
         !devssh_slice_is ((DevSshSlice) { name.data, name.length }, devssh_jwk_names[member]))
    member++;

  /* RFC 7518, 6.3.2.7 */
  if (member == OTH)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                           "JSON Web Key: RSA keys of more than two primes cannot be read");
      return FALSE;
    }
  if (member == N_MEMBERS ? !devssh_json_skip_value (json, 0) : !devssh_json_take_string (json, &value))
    {
      devssh_jwk_set_malformed (error, member == N_MEMBERS ? "this is not JSON"
                                       : "what should be a text is none");
      return FALSE;
    }
  if (member == N_MEMBERS)
    return TRUE;

  /* RFC 7517, 4: names are unique. */
  if (self->values[member] != NULL)
    {
      devssh_jwk_set_malformed (error, "it says one thing twice");
      return FALSE;
    }
  self->values[member] = devssh_secret_new_copy (value.data, value.length);
  return TRUE;
}

static gboolean
devssh_jwk_read_members (DevSshJwk    *self,
                         DevSshSlice   text,
                         GError      **error)
{
  DevSshJson json = { text.data, text.data + text.length };

  if (devssh_json_take (&json, '{') && !devssh_json_take (&json, '}'))
    {
      do
        {
          if (!devssh_jwk_read_member (self, &json, error))
            return FALSE;
        }
      while (devssh_json_take (&json, ','));

      if (devssh_json_take (&json, '}'))
        {
          devssh_json_skip_space (&json);
          if (json.at == json.end)
            return TRUE;
        }
    }
  devssh_jwk_set_malformed (error, "this is not JSON, or not one object alone");
  return FALSE;
}

/* RFC 7515, 2: base64url without padding. width: zeros in front up to it, 0 for none. */
static DevSshSecret *
devssh_jwk_get_bytes (const DevSshJwk  *self,
                      guint             member,
                      gsize             width,
                      GError          **error)
{
  const DevSshSecret *text = self->values[member];
  g_autoptr(DevSshSecret) base64 = NULL;
  g_autoptr(DevSshSecret) bytes = NULL;
  DevSshSecret *padded = NULL;

  if (text == NULL)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                   "JSON Web Key: it has no “%s”, without which it is no key", devssh_jwk_names[member]);
      return NULL;
    }

  base64 = devssh_secret_new ((text->length + 3) / 4 * 4);
  memset (base64->data, '=', base64->length);
  for (gsize i = 0; i < text->length; i++)
    {
      guint8 c = text->data[i];

      if (!g_ascii_isalnum (c) && c != '-' && c != '_')
        {
          devssh_jwk_set_malformed (error, "a number in it is not base64url");
          return NULL;
        }
      base64->data[i] = c == '-' ? '+' : c == '_' ? '/' : c;
    }
  bytes = devssh_base64_read (devssh_key_secret_slice (base64), error);
  if (bytes == NULL || width == 0)
    return g_steal_pointer (&bytes);

  if (bytes->length > width)
    {
      devssh_jwk_set_malformed (error, "a number in it is too long for the curve");
      return NULL;
    }
  padded = devssh_secret_new (width);
  memcpy (padded->data + width - bytes->length, bytes->data, bytes->length);
  return padded;
}

static gboolean
devssh_jwk_put_number (const DevSshJwk  *self,
                       guint             member,
                       DevSshWriter     *writer,
                       GError          **error)
{
  g_autoptr(DevSshSecret) bytes = devssh_jwk_get_bytes (self, member, 0, error);

  if (bytes != NULL)
    devssh_writer_put_mpint (writer, bytes->data, bytes->length);
  return bytes != NULL;
}

/* ---- kinds of keys: each puts a public blob, or private fields if there is a d ---- */

/* RFC 7518, 6.3. A private key of d alone would need its primes found again. */
static gboolean
devssh_jwk_put_rsa (const DevSshJwk  *self,
                    DevSshWriter     *writer,
                    GError          **error)
{
  devssh_writer_put_utf8 (writer, DEVSSH_ALGORITHM_KEY_RSA);
  if (self->values[D] == NULL)
    return devssh_jwk_put_number (self, E, writer, error) &&
           devssh_jwk_put_number (self, N, writer, error);

  if (self->values[P] == NULL || self->values[Q] == NULL || self->values[QI] == NULL)
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                           "JSON Web Key: private RSA keys are read if p, q and qi are there");
      return FALSE;
    }
  return devssh_jwk_put_number (self, N, writer, error) &&
         devssh_jwk_put_number (self, E, writer, error) &&
         devssh_jwk_put_number (self, D, writer, error) &&
         devssh_jwk_put_number (self, QI, writer, error) &&
         devssh_jwk_put_number (self, P, writer, error) &&
         devssh_jwk_put_number (self, Q, writer, error);
}

/* RFC 7518, 6.2.1.1, and what TypeScript's Dev Tunnels SSH calls them, which are SSH's own names */
static const struct { const char *name; const char *ssh_name; gsize width; } devssh_jwk_curves[] = {
  { "P-256", "nistp256", 32 },
  { "P-384", "nistp384", 48 },
  { "P-521", "nistp521", 66 },
};

/* RFC 7518, 6.2 */
static gboolean
devssh_jwk_put_ec (const DevSshJwk  *self,
                   DevSshWriter     *writer,
                   GError          **error)
{
  g_autofree char *type = NULL;
  g_autoptr(DevSshSecret) x = NULL;
  g_autoptr(DevSshSecret) y = NULL;
  guint i = 0;
  DEVSSH_WRITER_AUTO (point);

  while (i < G_N_ELEMENTS (devssh_jwk_curves) && !devssh_jwk_is (self, CRV, devssh_jwk_curves[i].name) &&
         !devssh_jwk_is (self, CRV, devssh_jwk_curves[i].ssh_name))
    i++;
  if (i == G_N_ELEMENTS (devssh_jwk_curves))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                           "JSON Web Key: the key is on none of the curves P-256, P-384 and P-521");
      return FALSE;
    }

  x = devssh_jwk_get_bytes (self, X, devssh_jwk_curves[i].width, error);
  y = x != NULL ? devssh_jwk_get_bytes (self, Y, devssh_jwk_curves[i].width, error) : NULL;
  if (y == NULL)
    return FALSE;
  devssh_writer_put_byte (&point, 4);
  devssh_writer_put_bytes (&point, x->data, x->length);
  devssh_writer_put_bytes (&point, y->data, y->length);

  type = g_strconcat ("ecdsa-sha2-", devssh_jwk_curves[i].ssh_name, NULL);
  devssh_writer_put_utf8 (writer, type);
  devssh_writer_put_utf8 (writer, devssh_jwk_curves[i].ssh_name);
  devssh_writer_put_slice (writer, point.data, point.length);
  return self->values[D] == NULL || devssh_jwk_put_number (self, D, writer, error);
}

/* RFC 8037, 2 */
static gboolean
devssh_jwk_put_okp (const DevSshJwk  *self,
                    DevSshWriter     *writer,
                    GError          **error)
{
  g_autoptr(DevSshSecret) x = NULL;
  g_autoptr(DevSshSecret) d = NULL;
  DEVSSH_WRITER_AUTO (both);

  if (!devssh_jwk_is (self, CRV, "Ed25519"))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                           "JSON Web Key: of the octet key pairs SSH uses Ed25519 alone");
      return FALSE;
    }
  x = devssh_jwk_get_bytes (self, X, 0, error);
  if (x == NULL)
    return FALSE;
  devssh_writer_put_utf8 (writer, DEVSSH_ALGORITHM_KEY_ED25519);
  devssh_writer_put_slice (writer, x->data, x->length);
  if (self->values[D] == NULL)
    return TRUE;

  d = devssh_jwk_get_bytes (self, D, 0, error);
  if (d == NULL)
    return FALSE;
  /* Elsewhere a public half that is empty is one to be computed. */
  if (x->length == 0)
    {
      devssh_jwk_set_malformed (error, "its “x” is empty");
      return FALSE;
    }
  devssh_writer_put_bytes (&both, d->data, d->length);
  devssh_writer_put_bytes (&both, x->data, x->length);
  devssh_writer_put_slice (writer, both.data, both.length);
  return TRUE;
}

static const struct
{
  const char *kty;
  gboolean  (*put) (const DevSshJwk *self, DevSshWriter *writer, GError **error);
} devssh_jwk_kinds[] = {
  { "RSA", devssh_jwk_put_rsa },
  { "EC",  devssh_jwk_put_ec },
  { "OKP", devssh_jwk_put_okp },
};

DevSshKeyPair *
devssh_key_jwk_read (DevSshSlice   text,
                     const char   *passphrase,
                     GError      **error)
{
  g_auto(DevSshJwk) jwk = { { NULL } };
  g_autoptr(DevSshKeyPair) key = NULL;
  guint kind = 0;
  DEVSSH_WRITER_AUTO (writer);

  if (!devssh_jwk_read_members (&jwk, text, error))
    return NULL;
  if (jwk.values[KTY] == NULL)
    {
      devssh_jwk_set_malformed (error, "it has no “kty”, without which it is no key");
      return NULL;
    }
  while (kind < G_N_ELEMENTS (devssh_jwk_kinds) &&
         !devssh_jwk_is (&jwk, KTY, devssh_jwk_kinds[kind].kty))
    kind++;
  if (kind == G_N_ELEMENTS (devssh_jwk_kinds))
    {
      g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED,
                           "JSON Web Key: SSH has no use for a key of this kind (kty)");
      return NULL;
    }

  if (!devssh_jwk_kinds[kind].put (&jwk, &writer, error))
    return NULL;
  key = jwk.values[D] != NULL ? devssh_key_new_for_fields (&writer, error)
                              : devssh_key_pair_new_for_blob (writer.data, writer.length, error);
  if (key != NULL && jwk.values[COMMENT] != NULL)
    {
      g_autofree char *comment = g_utf8_make_valid ((const char *) jwk.values[COMMENT]->data,
                                                    (gssize) jwk.values[COMMENT]->length);

      devssh_key_pair_set_comment (key, comment);
    }
  return g_steal_pointer (&key);
}

/* ---- writing ---- */

static void
devssh_jwk_put_text (DevSshWriter *json,
                     const char   *text)
{
  devssh_writer_put_bytes (json, (const guint8 *) text, strlen (text));
}

/* Up to the quote in front of the value. */
static void
devssh_jwk_put_name (DevSshWriter *json,
                     const char   *name)
{
  devssh_jwk_put_text (json, json->length == 0 ? "{\n\t\"" : ",\n\t\"");
  devssh_jwk_put_text (json, name);
  devssh_jwk_put_text (json, "\": \"");
}

static void
devssh_jwk_put_word (DevSshWriter *json,
                     const char   *name,
                     const char   *word)
{
  devssh_jwk_put_name (json, name);
  devssh_jwk_put_text (json, word);
  devssh_writer_put_byte (json, '"');
}

/* width: zeros in front up to it */
static void
devssh_jwk_put_bytes (DevSshWriter *json,
                      const char   *name,
                      DevSshSlice   bytes,
                      gsize         width)
{
  g_autoptr(DevSshSecret) padded = devssh_secret_new (MAX (width, bytes.length));
  char *base64 = NULL;

  memcpy (padded->data + padded->length - bytes.length, bytes.data, bytes.length);
  base64 = g_base64_encode (padded->data, padded->length);
  base64[strcspn (base64, "=")] = '\0';
  g_strdelimit (base64, "+", '-');
  g_strdelimit (base64, "/", '_');
  devssh_jwk_put_word (json, name, base64);
  devssh_secret_strfree (base64);
}

static void
devssh_jwk_put_comment (DevSshWriter *json,
                        const char   *comment)
{
  devssh_jwk_put_name (json, "comment");
  for (const char *c = comment; *c != '\0'; c++)
    {
      char escape[8];

      if ((guint8) *c < 0x20 || *c == '"' || *c == '\\' || *c == 0x7f)
        {
          g_snprintf (escape, sizeof escape, "\\u%04x", (guint) (guint8) *c);
          devssh_jwk_put_text (json, escape);
        }
      else
        {
          devssh_writer_put_byte (json, (guint8) *c);
        }
    }
  devssh_writer_put_byte (json, '"');
}

/* Of RSA: a blob has e and n, private fields have n, e, d, qi, p and q. d modulo p - 1 and q - 1 are
 * asked of the key. */
static gboolean
devssh_jwk_write_rsa (DevSshWriter  *json,
                      DevSshReader  *reader,
                      gboolean       is_private,
                      DevSshKeyPair *key)
{
  DevSshSlice first = devssh_reader_get_magnitude (reader, TRUE);
  DevSshSlice second = devssh_reader_get_magnitude (reader, TRUE);
  DevSshSlice d, qi, p, q;
  g_autoptr(DevSshSecret) dp = NULL;
  g_autoptr(DevSshSecret) dq = NULL;

  devssh_jwk_put_word (json, "kty", "RSA");
  devssh_jwk_put_bytes (json, "n", is_private ? first : second, 0);
  devssh_jwk_put_bytes (json, "e", is_private ? second : first, 0);
  if (!is_private)
    return TRUE;

  dp = devssh_key_pkcs1_get_exponent (key, 1);
  dq = devssh_key_pkcs1_get_exponent (key, 2);
  if (dp == NULL || dq == NULL)
    return FALSE;
  d = devssh_reader_get_magnitude (reader, TRUE);
  qi = devssh_reader_get_magnitude (reader, TRUE);
  p = devssh_reader_get_magnitude (reader, TRUE);
  q = devssh_reader_get_magnitude (reader, TRUE);
  g_assert (devssh_reader_ok (reader));
  devssh_jwk_put_bytes (json, "d", d, 0);
  devssh_jwk_put_bytes (json, "p", p, 0);
  devssh_jwk_put_bytes (json, "q", q, 0);
  devssh_jwk_put_bytes (json, "dp", devssh_key_secret_slice (dp), 0);
  devssh_jwk_put_bytes (json, "dq", devssh_key_secret_slice (dq), 0);
  devssh_jwk_put_bytes (json, "qi", qi, 0);
  return TRUE;
}

static void
devssh_jwk_write_ec (DevSshWriter *json,
                     DevSshReader *reader,
                     gboolean      is_private)
{
  DevSshSlice curve = devssh_reader_get_slice (reader);
  DevSshSlice point = devssh_reader_get_slice (reader);
  DevSshSlice d = is_private ? devssh_reader_get_magnitude (reader, TRUE) : (DevSshSlice) { NULL, 0 };
  gsize width = (point.length - 1) / 2;

  g_assert (devssh_reader_ok (reader) && point.data[0] == 4);
  devssh_jwk_put_word (json, "kty", "EC");
  for (guint i = 0; i < G_N_ELEMENTS (devssh_jwk_curves); i++)
    {
      if (devssh_slice_is (curve, devssh_jwk_curves[i].ssh_name))
        devssh_jwk_put_word (json, "crv", devssh_jwk_curves[i].name);
    }
  devssh_jwk_put_bytes (json, "x", (DevSshSlice) { point.data + 1, width }, width);
  devssh_jwk_put_bytes (json, "y", (DevSshSlice) { point.data + 1 + width, width }, width);
  if (is_private)
    devssh_jwk_put_bytes (json, "d", d, width);
}

static void
devssh_jwk_write_okp (DevSshWriter *json,
                      DevSshReader *reader,
                      gboolean      is_private)
{
  DevSshSlice x = devssh_reader_get_slice (reader);
  DevSshSlice both = is_private ? devssh_reader_get_slice (reader) : (DevSshSlice) { NULL, 0 };

  g_assert (devssh_reader_ok (reader));
  devssh_jwk_put_word (json, "kty", "OKP");
  devssh_jwk_put_word (json, "crv", "Ed25519");
  devssh_jwk_put_bytes (json, "x", x, 0);
  if (is_private)
    devssh_jwk_put_bytes (json, "d", (DevSshSlice) { both.data, both.length / 2 }, 0);
}

GBytes *
devssh_key_jwk_write (DevSshKeyPair  *key,
                      gboolean        is_private,
                      GError        **error)
{
  const char *comment = devssh_key_pair_get_comment (key);
  const guint8 *blob = NULL;
  gsize length = 0;
  char *text = NULL;
  DevSshReader reader;
  DevSshSlice type;
  DEVSSH_WRITER_AUTO (fields);
  DEVSSH_WRITER_AUTO (json);

  if (is_private)
    {
      if (!devssh_key_pair_put_private_fields (key, &fields, error))
        return NULL;
      devssh_reader_init (&reader, fields.data, fields.length);
    }
  else
    {
      devssh_key_pair_peek_blob (key, &blob, &length);
      devssh_reader_init (&reader, blob, length);
    }

  type = devssh_reader_get_slice (&reader);
  if (devssh_slice_is (type, DEVSSH_ALGORITHM_KEY_RSA))
    {
      if (!devssh_jwk_write_rsa (&json, &reader, is_private, key))
        {
          g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_NO_PRIVATE_KEY,
                               "The private half of the key cannot be read");
          return NULL;
        }
    }
  else if (devssh_slice_is (type, DEVSSH_ALGORITHM_KEY_ED25519))
    devssh_jwk_write_okp (&json, &reader, is_private);
  else
    devssh_jwk_write_ec (&json, &reader, is_private);
  if (comment != NULL)
    devssh_jwk_put_comment (&json, comment);
  devssh_jwk_put_text (&json, "\n}\n");

  text = g_malloc (json.length + 1);
  memcpy (text, json.data, json.length);
  text[json.length] = '\0';
  return devssh_key_text_take (text);
}
