/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line of known_hosts: who it speaks of, and which key it has for them. */
#include <libdevssh/keys/devssh-known-hosts-private.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/crypto/devssh-key-pair-private.h>
#include <libdevssh/crypto/devssh-secret-private.h>
#include <libdevssh/keys/devssh-key-format-private.h>

#include <string.h>

#define SSH_PORT    22
#define HASH_MARK   "|1|"
#define HASH_LENGTH 20            /* SHA-1; the salt has as many */
#define MAX_PATTERN 1022          /* ssh takes a list with a longer one as one that matches nobody */

/* ---- a line ---- */

static gboolean
is_blank (guint8 c)
{
  return c == ' ' || c == '\t';
}

static void
skip_blanks (DevSshSlice *text)
{
  while (text->length > 0 && is_blank (*text->data))
    {
      text->data++;
      text->length--;
    }
}

static DevSshSlice
take_word (DevSshSlice *text)
{
  DevSshSlice word;

  skip_blanks (text);
  word = (DevSshSlice) { text->data, 0 };
  while (text->length > 0 && !is_blank (*text->data))
    {
      text->data++;
      text->length--;
    }
  word.length = (gsize) (text->data - word.data);
  return word;
}

/* FALSE: a mark that we do not know, or a second one, so nobody knows what the line says. */
static gboolean
take_marker (DevSshSlice            *text,
             DevSshKnownHostsMarker *marker)
{
  static const struct
  {
    const char             *word;
    DevSshKnownHostsMarker  marker;
  } rows[] = {
    { "@cert-authority", DEVSSH_KNOWN_HOSTS_MARKER_CERT_AUTHORITY },
    { "@revoked", DEVSSH_KNOWN_HOSTS_MARKER_REVOKED },
  };
  DevSshSlice rest = *text;
  DevSshSlice word = take_word (&rest);

  *marker = DEVSSH_KNOWN_HOSTS_MARKER_NONE;
  if (word.length == 0 || *word.data != '@')
    return TRUE;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (devssh_slice_is (word, rows[i].word))
      {
        *marker = rows[i].marker;
        *text = rest;
        skip_blanks (text);
        return text->length > 0 && *text->data != '@';
      }
  return FALSE;
}

static void
line_read (DevSshKnownHostsLine *self)
{
  const guint8 *zero = memchr (self->whole.data, '\0', self->whole.length);
  DevSshSlice text = { self->whole.data, zero != NULL ? (gsize) (zero - self->whole.data) : self->whole.length };
  DevSshSlice names;

  while (text.length > 0 && g_ascii_isspace (text.data[text.length - 1]))
    text.length--;
  skip_blanks (&text);
  if (text.length == 0 || *text.data == '#' || !take_marker (&text, &self->marker))
    return;

  names = take_word (&text);
  skip_blanks (&text);
  if (text.length == 0 || *text.data == '#')
    return;
  self->names = names;
  self->key = text;
}

gboolean
devssh_known_hosts_line_next (DevSshSlice          *text,
                              DevSshKnownHostsLine *line)
{
  const guint8 *end = NULL;
  gsize length;

  if (text->length == 0)
    return FALSE;

  end = memchr (text->data, '\n', text->length);
  length = end != NULL ? (gsize) (end - text->data) + 1 : text->length;
  *line = (DevSshKnownHostsLine) { .number = line->number + 1, .whole = { text->data, length } };
  text->data += length;
  text->length -= length;
  line_read (line);
  return TRUE;
}

/* ---- names ---- */

char *
devssh_known_hosts_dup_name (const char *host,
                             guint16     port)
{
  g_autofree char *name = g_ascii_strdown (host, -1);

  return port == 0 || port == SSH_PORT ? g_steal_pointer (&name) : g_strdup_printf ("[%s]:%u", name, port);
}

static char *
hash_with_salt (const char   *name,
                const guint8  salt[HASH_LENGTH])
{
  g_autoptr(GHmac) hmac = g_hmac_new (G_CHECKSUM_SHA1, salt, HASH_LENGTH);
  g_autofree char *salt_text = g_base64_encode (salt, HASH_LENGTH);
  g_autofree char *digest_text = NULL;
  guint8 digest[HASH_LENGTH];
  gsize length = sizeof digest;

  g_hmac_update (hmac, (const guchar *) name, -1);
  g_hmac_get_digest (hmac, digest, &length);
  digest_text = g_base64_encode (digest, length);
  return g_strconcat (HASH_MARK, salt_text, "|", digest_text, NULL);
}

char *
devssh_known_hosts_hash_name (const char *name)
{
  guint8 salt[HASH_LENGTH];

  devssh_random (salt, sizeof salt);
  return hash_with_salt (name, salt);
}

/* The whole has to be what we would write with this salt: ssh takes no other spelling, either. */
static gboolean
matches_hash (const char  *name,
              DevSshSlice  hashed)
{
  g_autofree char *text = g_strndup ((const char *) hashed.data, hashed.length);
  g_auto(GStrv) parts = g_strsplit (text + MIN (hashed.length, strlen (HASH_MARK)), "|", 3);
  g_autofree guint8 *salt = NULL;
  g_autofree char *expected = NULL;
  gsize length;

  if (!g_str_has_prefix (text, HASH_MARK) || g_strv_length (parts) != 2)
    return FALSE;
  salt = g_base64_decode (parts[0], &length);
  if (length != HASH_LENGTH)
    return FALSE;
  expected = hash_with_salt (name, salt);
  return g_str_equal (expected, text);
}

/* `*` stands for anything, `?` for one character. The last star that was passed is the only one worth coming back to. */
static gboolean
matches_pattern (const char  *text,
                 DevSshSlice  pattern)
{
  const guint8 *at = pattern.data;
  const guint8 *end = pattern.data + pattern.length;
  const guint8 *star = NULL;
  const char *star_text = NULL;

  while (*text != '\0')
    {
      if (at < end && *at == '*')
        {
          star = ++at;
          star_text = text;
        }
      else if (at < end && (*at == '?' || g_ascii_tolower ((char) *at) == *text))
        {
          at++;
          text++;
        }
      else if (star != NULL)
        {
          at = star;
          text = ++star_text;
        }
      else
        {
          return FALSE;
        }
    }
  while (at < end && *at == '*')
    at++;
  return at == end;
}

static DevSshSlice
take_pattern (DevSshSlice *patterns)
{
  const guint8 *comma = memchr (patterns->data, ',', patterns->length);
  DevSshSlice pattern = { patterns->data, comma != NULL ? (gsize) (comma - patterns->data) : patterns->length };
  gsize taken = pattern.length + (comma != NULL);

  patterns->data += taken;
  patterns->length -= taken;
  return pattern;
}

/* One negated pattern that matches takes the whole line out. */
static gboolean
matches_patterns (const char  *name,
                  DevSshSlice  patterns)
{
  gboolean matched = FALSE;

  while (patterns.length > 0)
    {
      DevSshSlice pattern = take_pattern (&patterns);
      gboolean negated = pattern.length > 0 && *pattern.data == '!';

      if (negated)
        pattern = (DevSshSlice) { pattern.data + 1, pattern.length - 1 };
      if (pattern.length > MAX_PATTERN)
        return FALSE;
      if (matches_pattern (name, pattern))
        {
          if (negated)
            return FALSE;
          matched = TRUE;
        }
    }
  return matched;
}

gboolean
devssh_known_hosts_line_is_hashed (const DevSshKnownHostsLine *self)
{
  return self->names.length > 0 && *self->names.data == '|';
}

gboolean
devssh_known_hosts_line_matches (const DevSshKnownHostsLine *self,
                                 const char                 *name)
{
  if (self->names.length == 0)
    return FALSE;
  return devssh_known_hosts_line_is_hashed (self) ? matches_hash (name, self->names) : matches_patterns (name, self->names);
}

/* ---- keys ---- */

void
devssh_known_hosts_key_clear (DevSshKnownHostsKey *self)
{
  g_clear_pointer (&self->algorithm, g_free);
  g_clear_pointer (&self->blob, g_bytes_unref);
  g_clear_object (&self->key);
}

/* RFC 4250, 4.6.1: printable US-ASCII, at most 64 of it. */
static gboolean
is_algorithm (DevSshSlice name)
{
  for (gsize i = 0; i < name.length; i++)
    if (!g_ascii_isgraph ((char) name.data[i]))
      return FALSE;
  return name.length > 0 && name.length <= 64;
}

/* What the line is called and what the blob is called must be one. A key that others use and we do not is a key all the
 * same: whoever shows another one has changed. */
gboolean
devssh_known_hosts_line_read_key (const DevSshKnownHostsLine *self,
                                  DevSshKnownHostsKey        *key)
{
  DevSshSlice rest = self->key;
  DevSshSlice type = take_word (&rest);
  g_autoptr(DevSshSecret) blob = devssh_base64_read (take_word (&rest), NULL);
  g_autoptr(DevSshKeyPair) usable = NULL;
  g_autoptr(GError) error = NULL;
  DevSshReader reader;
  DevSshSlice name;

  *key = (DevSshKnownHostsKey) { 0 };
  if (blob == NULL)
    return FALSE;
  devssh_reader_init (&reader, blob->data, blob->length);
  name = devssh_reader_get_slice (&reader);
  if (!devssh_reader_finish (&reader, NULL) || name.length != type.length || !is_algorithm (name)
      || memcmp (name.data, type.data, name.length) != 0)
    return FALSE;

  usable = devssh_key_pair_new_for_blob (blob->data, blob->length, &error);
  if (usable == NULL && !g_error_matches (error, DEVSSH_ERROR, DEVSSH_ERROR_UNSUPPORTED))
    return FALSE;
  key->algorithm = g_strndup ((const char *) name.data, name.length);
  key->blob = g_bytes_new (blob->data, blob->length);
  key->key = g_steal_pointer (&usable);
  return TRUE;
}
