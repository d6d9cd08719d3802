/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line more, lines less, names hashed: the text of a file becomes another one, and whatever is not meant stays as it
 * is, byte for byte. */
#include <libdevssh/keys/devssh-known-hosts-private.h>

#include <libdevssh/base/devssh-error.h>
#include <libdevssh/crypto/devssh-key-pair-private.h>
#include <libdevssh/wire/devssh-names-private.h>

#include <string.h>

/* With one of these a name would be a pattern, several names, or no name at all. */
#define NOT_IN_NAMES  "*?!,"
#define NOT_AT_FRONT  "#@|"

/* A host comes from users, links and directories: none of them may write lines of their own, or patterns. */
static gboolean
check_host (const char  *host,
            GError     **error)
{
  g_autofree char *shown = NULL;
  gboolean good = *host != '\0' && strchr (NOT_AT_FRONT, *host) == NULL && strpbrk (host, NOT_IN_NAMES) == NULL;

  for (const char *at = host; good && *at != '\0'; at++)
    good = (guint8) *at > ' ' && *at != 0x7f;
  if (good)
    return TRUE;

  shown = devssh_text_for_people ((const guint8 *) host, strlen (host));
  g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED, "A host cannot be called “%s”", shown);
  return FALSE;
}

gboolean
devssh_known_hosts_change_init (DevSshKnownHostsChange    *self,
                                const char                *host,
                                guint16                    port,
                                DevSshKeyPair             *key,
                                DevSshKnownHostsAddFlags   flags,
                                GError                   **error)
{
  *self = (DevSshKnownHostsChange) { .flags = flags };
  if (!check_host (host, error))
    return FALSE;

  self->name = devssh_known_hosts_dup_name (host, port);
  if (key != NULL)
    {
      const guint8 *data = NULL;
      gsize length = 0;
      g_autofree char *base64 = NULL;

      devssh_key_pair_peek_blob (key, &data, &length);
      base64 = g_base64_encode (data, length);
      self->blob = g_bytes_new (data, length);
      self->key = g_strconcat (devssh_key_pair_get_algorithm (key), " ", base64, NULL);
    }
  return TRUE;
}

void
devssh_known_hosts_change_clear (DevSshKnownHostsChange *self)
{
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->blob, g_bytes_unref);
  g_clear_pointer (&self->key, g_free);
}

/* ---- the edits ---- */

static void
append (GString     *edited,
        DevSshSlice  bytes)
{
  g_string_append_len (edited, (const char *) bytes.data, (gssize) bytes.length);
}

/* A line of this host, and what it says; a line that cannot be understood is nobody's. */
static gboolean
is_of_host (const DevSshKnownHostsLine   *line,
            const DevSshKnownHostsChange *change,
            gboolean                     *same_key)
{
  g_auto(DevSshKnownHostsKey) key = { 0 };

  if (!devssh_known_hosts_line_matches (line, change->name) || !devssh_known_hosts_line_read_key (line, &key))
    return FALSE;
  *same_key = change->blob == NULL || g_bytes_equal (key.blob, change->blob);
  return TRUE;
}

static void
append_host (GString                      *edited,
             const DevSshKnownHostsChange *change)
{
  g_autofree char *hashed = (change->flags & DEVSSH_KNOWN_HOSTS_ADD_HASHED) != 0 ? devssh_known_hosts_hash_name (change->name)
                                                                                 : NULL;

  if (edited->len > 0 && edited->str[edited->len - 1] != '\n')
    g_string_append_c (edited, '\n');
  g_string_append_printf (edited, "%s %s\n", hashed != NULL ? hashed : change->name, change->key);
}

gboolean
devssh_known_hosts_edit_add (DevSshSlice              text,
                             GString                 *edited,
                             DevSshKnownHostsChange  *change,
                             GError                 **error)
{
  DevSshKnownHostsLine line = { 0 };
  gboolean there = FALSE;

  change->changed = 0;
  while (devssh_known_hosts_line_next (&text, &line))
    {
      gboolean same = FALSE;

      if (!is_of_host (&line, change, &same) || line.marker == DEVSSH_KNOWN_HOSTS_MARKER_CERT_AUTHORITY)
        {
          append (edited, line.whole);
          continue;
        }
      if (line.marker == DEVSSH_KNOWN_HOSTS_MARKER_REVOKED)
        {
          if (same)
            {
              g_set_error (error, DEVSSH_ERROR, DEVSSH_ERROR_HOST_KEY, "Line %u says that this key of %s is revoked",
                           line.number, change->name);
              return FALSE;
            }
          append (edited, line.whole);
          continue;
        }
      there = there || same;
      if (same || (change->flags & DEVSSH_KNOWN_HOSTS_ADD_REPLACE) == 0)
        append (edited, line.whole);
      else
        change->changed++;
    }
  if (!there)
    {
      append_host (edited, change);
      change->changed++;
    }
  return change->changed > 0;
}

/* As ssh-keygen does it, a line goes with all its names, and a pattern goes with the host that it matches; what
 * authorities and revocations say stays. */
gboolean
devssh_known_hosts_edit_remove (DevSshSlice              text,
                                GString                 *edited,
                                DevSshKnownHostsChange  *change,
                                GError                 **error)
{
  DevSshKnownHostsLine line = { 0 };

  change->changed = 0;
  while (devssh_known_hosts_line_next (&text, &line))
    {
      gboolean same = FALSE;

      if (line.marker == DEVSSH_KNOWN_HOSTS_MARKER_NONE && is_of_host (&line, change, &same) && same)
        change->changed++;
      else
        append (edited, line.whole);
    }
  return change->changed > 0;
}

/* Patterns cannot be hashed, and what is marked is to be read by people. */
static gboolean
can_be_hashed (const DevSshKnownHostsLine *line)
{
  g_auto(DevSshKnownHostsKey) key = { 0 };

  if (line->names.length == 0 || line->marker != DEVSSH_KNOWN_HOSTS_MARKER_NONE || devssh_known_hosts_line_is_hashed (line))
    return FALSE;
  for (gsize i = 0; i < line->names.length; i++)
    if (strchr ("*?!", line->names.data[i]) != NULL)
      return FALSE;
  return devssh_known_hosts_line_read_key (line, &key);
}

/* FALSE: there is nothing but commas. */
static gboolean
append_hashed (GString                    *edited,
               const DevSshKnownHostsLine *line)
{
  g_autofree char *names = g_strndup ((const char *) line->names.data, line->names.length);
  g_auto(GStrv) each = g_strsplit (names, ",", -1);
  gboolean any = FALSE;
  DevSshSlice rest = { line->key.data, (gsize) (line->whole.data + line->whole.length - line->key.data) };

  for (guint i = 0; each[i] != NULL; i++)
    {
      g_autofree char *name = g_ascii_strdown (each[i], -1);
      g_autofree char *hashed = devssh_known_hosts_hash_name (name);

      if (*name == '\0')
        continue;
      /* The last line of a file may have no line break. */
      if (edited->len > 0 && edited->str[edited->len - 1] != '\n')
        g_string_append_c (edited, '\n');
      g_string_append (edited, hashed);
      g_string_append_c (edited, ' ');
      append (edited, rest);
      any = TRUE;
    }
  return any;
}

gboolean
devssh_known_hosts_edit_hash (DevSshSlice              text,
                              GString                 *edited,
                              DevSshKnownHostsChange  *change,
                              GError                 **error)
{
  DevSshKnownHostsLine line = { 0 };

  change->changed = 0;
  while (devssh_known_hosts_line_next (&text, &line))
    {
      if (can_be_hashed (&line) && append_hashed (edited, &line))
        change->changed++;
      else
        append (edited, line.whole);
    }
  return change->changed > 0;
}
