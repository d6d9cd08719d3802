/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines of known_hosts: who they speak of, and what they say of a key. The verdicts are ssh's. */
#include <libdevssh/keys/devssh-known-hosts.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/keys/devssh-key-format.h>
#include <string.h>

/* A file of this size has some hundred thousand hosts. */
#define MAX_SIZE  (64 * 1024 * 1024)
#define SSH_PORT  22
#define HASH_MARK "|1|"

typedef enum
{
  MARKER_NONE,
  MARKER_CERT_AUTHORITY,
  MARKER_REVOKED
} Marker;

typedef struct
{
  char   *origin;       /* (nullable): the file, for people; shared by its lines */
  guint   number;       /* of the line, from 1 */
  Marker  marker;
  char   *names;        /* one hashed name, or patterns with commas between */
  char   *key;          /* type and base64; looked at only if names match, for most never do */
} Line;

struct _DevSshKnownHosts
{
  GObject    parent_instance;
  GPtrArray *lines;     /* (element-type Line), in the order they were read */
};

/**
 * DevSshKnownHosts:
 *
 * Which host has which key, as OpenSSH keeps it in `~/.ssh/known_hosts` and
 * `/etc/ssh/ssh_known_hosts`: names that are plain, have wildcards, are negated
 * or hashed, `[host]:port`, and lines that revoke a key.
 *
 * A client asks it in [signal@Session::authenticating], before anything of the
 * user leaves.
 *
 * Certificates of hosts are not supported, so lines with `@cert-authority` say
 * nothing here.
 *
 * Since: 1.0
 */
G_DEFINE_FINAL_TYPE (DevSshKnownHosts, devssh_known_hosts, G_TYPE_OBJECT)

G_DEFINE_ENUM_TYPE (DevSshKnownHostsVerdict, devssh_known_hosts_verdict,
                    G_DEFINE_ENUM_VALUE (DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN, "unknown"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED, "trusted"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED, "changed"),
                    G_DEFINE_ENUM_VALUE (DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED, "revoked"))

static void
line_free (gpointer data)
{
  Line *self = data;

  g_clear_pointer (&self->origin, g_ref_string_release);
  g_free (self->names);
  g_free (self->key);
  g_free (self);
}

static void
devssh_known_hosts_finalize (GObject *object)
{
  DevSshKnownHosts *self = DEVSSH_KNOWN_HOSTS (object);

  g_ptr_array_unref (self->lines);

  G_OBJECT_CLASS (devssh_known_hosts_parent_class)->finalize (object);
}

static void
devssh_known_hosts_class_init (DevSshKnownHostsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = devssh_known_hosts_finalize;
}

static void
devssh_known_hosts_init (DevSshKnownHosts *self)
{
  self->lines = g_ptr_array_new_with_free_func (line_free);
}

/* ---- reading ---- */

static const char *
next_word (const char **text)
{
  const char *word = *text += strspn (*text, " \t");

  *text += strcspn (*text, " \t");
  return word;
}

/* FALSE: a mark that we do not know, so nobody knows what the line says. */
static gboolean
read_marker (const char **text,
             Marker      *marker)
{
  static const struct
  {
    const char *word;
    Marker      marker;
  } rows[] = {
    { "@cert-authority", MARKER_CERT_AUTHORITY },
    { "@revoked", MARKER_REVOKED },
  };
  const char *rest = *text;
  const char *word = next_word (&rest);

  *marker = MARKER_NONE;
  if (*word != '@')
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (strlen (rows[i].word) == (gsize) (rest - word) && strncmp (word, rows[i].word, (gsize) (rest - word)) == 0)
      {
        *marker = rows[i].marker;
        *text = rest;
        return TRUE;
      }
  return FALSE;
}

/* NULL: a comment, nothing, or nothing that can be understood, which ssh passes over, too. */
static Line *
read_line (const char *text,
           const char *origin,
           guint       number)
{
  Marker marker;
  const char *names;
  const char *names_end;
  Line *self;

  text += strspn (text, " \t");
  if (*text == '\0' || *text == '#' || !read_marker (&text, &marker))
    return NULL;
  names = next_word (&text);
  names_end = text;
  text += strspn (text, " \t");
  if (*text == '\0' || *text == '#')
    return NULL;

  self = g_new0 (Line, 1);
  self->origin = origin != NULL ? g_ref_string_acquire ((char *) origin) : NULL;
  self->number = number;
  self->marker = marker;
  self->names = g_strndup (names, (gsize) (names_end - names));
  self->key = g_strdup (text);
  return self;
}

/**
 * devssh_known_hosts_new:
 *
 * Makes one that knows nobody.
 *
 * Returns: (transfer full): the known hosts
 *
 * Since: 1.0
 */
DevSshKnownHosts *
devssh_known_hosts_new (void)
{
  return g_object_new (DEVSSH_TYPE_KNOWN_HOSTS, NULL);
}

/**
 * devssh_known_hosts_load_data:
 * @self: the known hosts
 * @data: the text of a file
 * @origin: (nullable): what to call it when a line decides, such as a path
 * @error: return location for an error
 *
 * Adds what stands in @data to what is known. Lines that make no sense are
 * passed over, as `ssh` does.
 *
 * Returns: %TRUE; %FALSE and %DEVSSH_ERROR_LIMIT: more than 64 MiB
 *
 * Since: 1.0
 */
gboolean
devssh_known_hosts_load_data (DevSshKnownHosts  *self,
                              GBytes            *data,
                              const char        *origin,
                              GError           **error)
{
  const char *text;
  gsize length;
  char *shared_origin;

  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS (self), FALSE);
  g_return_val_if_fail (data != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  text = g_bytes_get_data (data, &length);
  if (length > MAX_SIZE)
    {
      g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_LIMIT,
                   "The file of known hosts has %" G_GSIZE_FORMAT " bytes, more than %d", length, MAX_SIZE);
      return FALSE;
    }

  shared_origin = origin != NULL ? g_ref_string_new (origin) : NULL;
  for (guint number = 1; length > 0; number++)
    {
      const char *end = memchr (text, '\n', length);
      gsize taken = end != NULL ? (gsize) (end - text) + 1 : length;
      g_autofree char *copy = g_strndup (text, end != NULL ? taken - 1 : taken);
      Line *line = read_line (g_strchomp (copy), shared_origin, number);

      if (line != NULL)
        g_ptr_array_add (self->lines, line);
      text += taken;
      length -= taken;
    }
  g_clear_pointer (&shared_origin, g_ref_string_release);
  return TRUE;
}

/**
 * devssh_known_hosts_load_file:
 * @self: the known hosts
 * @file: a file
 * @cancellable: (nullable): a way to give up
 * @error: return location for an error
 *
 * Adds what stands in @file, see [method@KnownHosts.load_data]. It blocks.
 *
 * Returns: %TRUE; %FALSE and @error: what the file says
 *   (%G_IO_ERROR_NOT_FOUND ...), or %DEVSSH_ERROR_LIMIT
 *
 * Since: 1.0
 */
gboolean
devssh_known_hosts_load_file (DevSshKnownHosts  *self,
                              GFile             *file,
                              GCancellable      *cancellable,
                              GError           **error)
{
  g_autoptr(GBytes) data = NULL;
  g_autofree char *name = NULL;

  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS (self), FALSE);
  g_return_val_if_fail (G_IS_FILE (file), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  data = g_file_load_bytes (file, cancellable, NULL, error);
  if (data == NULL)
    return FALSE;
  name = g_file_get_parse_name (file);
  return devssh_known_hosts_load_data (self, data, name, error);
}

/* ---- who is meant ---- */

/* `*` stands for anything, `?` for one character. The last star that was passed is the only one worth coming back to. */
static gboolean
matches_pattern (const char *text,
                 const char *pattern,
                 gsize       length)
{
  const char *end = pattern + length;
  const char *star = NULL;
  const char *star_text = NULL;

  while (*text != '\0')
    {
      if (pattern < end && *pattern == '*')
        {
          star = ++pattern;
          star_text = text;
        }
      else if (pattern < end && (*pattern == '?' || g_ascii_tolower (*pattern) == *text))
        {
          pattern++;
          text++;
        }
      else if (star != NULL)
        {
          pattern = star;
          text = ++star_text;
        }
      else
        {
          return FALSE;
        }
    }
  while (pattern < end && *pattern == '*')
    pattern++;
  return pattern == end;
}

/* One negated pattern that matches takes the whole line out. */
static gboolean
matches_patterns (const char *name,
                  const char *patterns)
{
  gboolean matched = FALSE;

  while (*patterns != '\0')
    {
      gboolean negated = *patterns == '!';
      const char *pattern = patterns + negated;
      gsize length = strcspn (pattern, ",");

      if (matches_pattern (name, pattern, length))
        {
          if (negated)
            return FALSE;
          matched = TRUE;
        }
      patterns = pattern + length;
      patterns += *patterns == ',';
    }
  return matched;
}

/* |1|base64 of a salt|base64 of HMAC-SHA1 (salt, name) */
static gboolean
matches_hash (const char *name,
              const char *hashed)
{
  g_auto(GStrv) parts = g_strsplit (hashed + strlen (HASH_MARK), "|", 3);
  g_autofree guint8 *salt = NULL;
  g_autoptr(GHmac) hmac = NULL;
  g_autofree char *expected = NULL;
  guint8 digest[20];
  gsize digest_length = sizeof digest;
  gsize salt_length;

  if (g_strv_length (parts) != 2)
    return FALSE;
  salt = g_base64_decode (parts[0], &salt_length);
  if (salt_length != sizeof digest)
    return FALSE;

  hmac = g_hmac_new (G_CHECKSUM_SHA1, salt, salt_length);
  g_hmac_update (hmac, (const guchar *) name, -1);
  g_hmac_get_digest (hmac, digest, &digest_length);
  expected = g_base64_encode (digest, digest_length);
  return g_str_equal (expected, parts[1]);
}

static gboolean
line_matches (const Line *self,
              const char *name)
{
  if (g_str_has_prefix (self->names, HASH_MARK))
    return matches_hash (name, self->names);
  if (*self->names == '|')
    return FALSE;
  return matches_patterns (name, self->names);
}

/* ---- what is said ---- */

static DevSshKeyPair *
line_dup_key (const Line *self)
{
  g_autoptr(GBytes) text = g_bytes_new_static (self->key, strlen (self->key));

  return devssh_key_pair_import_data (text, DEVSSH_KEY_FORMAT_SSH, NULL, NULL);
}

typedef struct
{
  DevSshKnownHostsVerdict  verdict;
  DevSshKeyPair           *known;
  const Line              *line;
} Finding;

static void
finding_set (Finding                 *self,
             DevSshKnownHostsVerdict  verdict,
             DevSshKeyPair           *known,
             const Line              *line)
{
  self->verdict = verdict;
  g_set_object (&self->known, known);
  self->line = line;
}

/* Any key of another kind is a change as well: who could take the old one's place must not get in with a new kind. A revoked key is
 * revoked whatever else is said. */
static void
devssh_known_hosts_find (DevSshKnownHosts *self,
                         const char       *name,
                         DevSshKeyPair    *key,
                         Finding          *finding)
{
  for (guint i = 0; i < self->lines->len && finding->verdict != DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED; i++)
    {
      const Line *line = self->lines->pdata[i];
      g_autoptr(DevSshKeyPair) known = NULL;
      gboolean same;

      if (line->marker == MARKER_CERT_AUTHORITY || !line_matches (line, name))
        continue;
      known = line_dup_key (line);
      if (known == NULL)
        continue;

      same = devssh_key_pair_equal (known, key);
      if (line->marker == MARKER_REVOKED)
        {
          if (same)
            finding_set (finding, DEVSSH_KNOWN_HOSTS_VERDICT_REVOKED, known, line);
        }
      else if (finding->verdict != DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED)
        {
          finding_set (finding, same ? DEVSSH_KNOWN_HOSTS_VERDICT_TRUSTED : DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED, known, line);
        }
    }
}

/**
 * devssh_known_hosts_check:
 * @self: the known hosts
 * @host: a name or an address, as the user gave it
 * @port: a TCP port; 0: 22
 * @key: the key that the host has shown
 * @known: (out) (optional) (nullable) (transfer full): the key of the line that
 *   decided
 * @place: (out) (optional) (nullable) (transfer full): where that line stands, as
 *   `origin:line`
 *
 * Tells what is known of @host and @key, as `ssh` would decide it. A host on
 * another port than 22 that no line names with its port may also be trusted by a
 * line that names it without; a key revoked there is revoked for this port, too.
 *
 * Returns: the verdict
 *
 * Since: 1.0
 */
DevSshKnownHostsVerdict
devssh_known_hosts_check (DevSshKnownHosts  *self,
                          const char        *host,
                          guint16            port,
                          DevSshKeyPair     *key,
                          DevSshKeyPair    **known,
                          char             **place)
{
  g_autofree char *name = NULL;
  Finding finding = { 0 };

  g_return_val_if_fail (DEVSSH_IS_KNOWN_HOSTS (self), DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN);
  g_return_val_if_fail (host != NULL, DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN);
  g_return_val_if_fail (DEVSSH_IS_KEY_PAIR (key), DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN);

  name = g_ascii_strdown (host, -1);
  if (port != 0 && port != SSH_PORT)
    {
      g_autofree char *with_port = g_strdup_printf ("[%s]:%u", name, port);

      devssh_known_hosts_find (self, with_port, key, &finding);
      if (finding.verdict == DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN)
        {
          devssh_known_hosts_find (self, name, key, &finding);
          if (finding.verdict == DEVSSH_KNOWN_HOSTS_VERDICT_CHANGED)
            finding_set (&finding, DEVSSH_KNOWN_HOSTS_VERDICT_UNKNOWN, NULL, NULL);
        }
    }
  else
    {
      devssh_known_hosts_find (self, name, key, &finding);
    }

  if (place != NULL)
    *place = finding.line == NULL ? NULL
             : g_strdup_printf ("%s:%u", finding.line->origin != NULL ? finding.line->origin : "", finding.line->number);
  if (known != NULL)
    *known = g_steal_pointer (&finding.known);
  g_clear_object (&finding.known);
  return finding.verdict;
}
