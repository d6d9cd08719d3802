/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The identification string of one end, taken apart; it is kept word for word, for the exchange
 * hash needs it. */
#include <libdevssh/transport/devssh-version.h>

#include <string.h>
#include <libdevssh/base/devssh-error.h>

struct _DevSshVersion
{
  gatomicrefcount  ref_count;
  char            *line;               /* without CR LF */
  char            *protocol_version;
  char            *name;
  char            *version;            /* NULL if the line tells none */
};

/**
 * DevSshVersion:
 *
 * The identification string of one end of a connection, such as
 * `SSH-2.0-OpenSSH_9.2p1 Debian-2`, taken apart (RFC 4253, 4.2).
 *
 * Instances never change.
 *
 * Since: 1.0
 */
G_DEFINE_BOXED_TYPE (DevSshVersion, devssh_version, devssh_version_ref, devssh_version_unref)

#define DIGITS_AND_DOTS "0123456789."

static char *
dup_leading_number (const char *text)
{
  gsize length = strspn (text, DIGITS_AND_DOTS);

  return length > 0 ? g_strndup (text, length) : NULL;
}

static DevSshVersion *
new_for_parts (const char *line,
               char       *protocol_version,
               const char *software)
{
  DevSshVersion *self = g_new0 (DevSshVersion, 1);
  g_autofree char *head = g_strndup (software, strcspn (software, " "));
  char *cut = strrchr (head, '_');

  g_atomic_ref_count_init (&self->ref_count);
  self->line = g_strdup (line);
  self->protocol_version = protocol_version;

  if (cut != NULL)
    {
      self->version = dup_leading_number (cut + 1);
      *cut = '\0';
    }

  self->name = g_strdelimit (g_steal_pointer (&head), "_", ' ');

  return self;
}

/**
 * devssh_version_get_local:
 *
 * Gets what this library says of itself.
 *
 * Returns: (transfer full): the version that this library sends to its peers
 *
 * Since: 1.0
 */
DevSshVersion *
devssh_version_get_local (void)
{
  static DevSshVersion *local;

  if (g_once_init_enter (&local))
    {
      g_autofree char *line = g_strdup_printf ("SSH-2.0-libdevssh_%d.%d",
                                               DEVSSH_MAJOR_VERSION, DEVSSH_MINOR_VERSION);

      g_once_init_leave (&local, devssh_version_parse (line, NULL));
    }

  return devssh_version_ref (local);
}

/**
 * devssh_version_parse:
 * @line: an identification string, without its line end
 * @error: return location for an error
 *
 * Takes an identification string apart.
 *
 * It must have the form `SSH-protocol-software`, where the protocol version
 * consists of digits and dots. The software part up to its first space is
 * cut at its last underscore: what stands before is the name, with spaces for
 * its other underscores; of what stands behind, the leading digits and dots
 * are the version. Which protocol versions are good is not asked here.
 *
 * Returns: (transfer full): the parts, or %NULL with %DEVSSH_ERROR_MALFORMED
 *
 * Since: 1.0
 */
DevSshVersion *
devssh_version_parse (const char  *line,
                      GError     **error)
{
  const char *protocol, *software;
  gsize length;

  g_return_val_if_fail (line != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (g_str_has_prefix (line, "SSH-"))
    {
      protocol = line + strlen ("SSH-");
      length = strspn (protocol, DIGITS_AND_DOTS);
      software = protocol + length + 1;

      if (length > 0 && protocol[length] == '-' && *software != '\0' && *software != ' ')
        return new_for_parts (line, g_strndup (protocol, length), software);
    }

  g_set_error_literal (error, DEVSSH_ERROR, DEVSSH_ERROR_MALFORMED,
                       "Not an identification string of SSH");

  return NULL;
}

/**
 * devssh_version_ref:
 * @self: a version
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
DevSshVersion *
devssh_version_ref (DevSshVersion *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

/**
 * devssh_version_unref:
 * @self: (transfer full): a version
 *
 * Drops a reference; the last one frees @self.
 *
 * Since: 1.0
 */
void
devssh_version_unref (DevSshVersion *self)
{
  g_return_if_fail (self != NULL);

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_free (self->line);
  g_free (self->protocol_version);
  g_free (self->name);
  g_free (self->version);
  g_free (self);
}

/**
 * devssh_version_get_protocol_version:
 * @self: a version
 *
 * Gets the version of the protocol that the line names.
 *
 * Returns: digits and dots, usually `2.0`
 *
 * Since: 1.0
 */
const char *
devssh_version_get_protocol_version (DevSshVersion *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->protocol_version;
}

/**
 * devssh_version_get_name:
 * @self: a version
 *
 * Gets the name of the software, such as `OpenSSH for Windows`.
 *
 * The text comes from the peer, and nothing proves it.
 *
 * Returns: a name
 *
 * Since: 1.0
 */
const char *
devssh_version_get_name (DevSshVersion *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->name;
}

/**
 * devssh_version_get_version:
 * @self: a version
 *
 * Gets the version of the software, such as `8.1`.
 *
 * Returns: (nullable): digits and dots, or %NULL if the line tells none
 *
 * Since: 1.0
 */
const char *
devssh_version_get_version (DevSshVersion *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->version;
}

/**
 * devssh_version_get_is_dev_tunnels:
 * @self: a version
 *
 * Tells whether the software is one of the Dev Tunnels SSH libraries, this
 * one among them.
 *
 * What a peer can do is found out by negotiation, not by its name.
 *
 * Returns: %TRUE if the name is known
 *
 * Since: 1.0
 */
gboolean
devssh_version_get_is_dev_tunnels (DevSshVersion *self)
{
  static const char * const names[] = {
    "Microsoft.VisualStudio.Ssh",
    "Microsoft.DevTunnels.Ssh",
    "vs-ssh",
    "dev-tunnels-ssh",
    "dev-tunnels-ssh-go",
    "libdevssh",
    NULL
  };

  g_return_val_if_fail (self != NULL, FALSE);

  return g_strv_contains (names, self->name);
}

/**
 * devssh_version_to_string:
 * @self: a version
 *
 * Gets the whole line, unchanged and without its line end.
 *
 * Returns: the identification string
 *
 * Since: 1.0
 */
const char *
devssh_version_to_string (DevSshVersion *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->line;
}
