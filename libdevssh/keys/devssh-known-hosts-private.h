/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of known hosts share: a line taken apart, and a file read as a whole and replaced as a whole. */
#pragma once

#include <libdevssh/keys/devssh-known-hosts.h>
#include <libdevssh/wire/devssh-reader-private.h>

G_BEGIN_DECLS

/* ---- devssh-known-hosts-line.c ---- */

/* Borrowed from the text that it stands in. */
typedef struct
{
  guint                   number;      /* from 1 */
  DevSshKnownHostsMarker  marker;
  DevSshSlice             whole;       /* with its line break */
  DevSshSlice             names;       /* one hashed name, or patterns with commas between */
  DevSshSlice             key;         /* type, base64 and comment; looked at only if names match, for most never do */
} DevSshKnownHostsLine;

/* What a line says of a key. */
typedef struct
{
  char          *algorithm;
  GBytes        *blob;
  DevSshKeyPair *key;                  /* NULL: of a type or size that is not used here */
} DevSshKnownHostsKey;

/* Takes the next line off text. FALSE: there is none. A line without names is a comment, nothing, or nothing that can
 * be understood; ssh passes over such lines, too. */
gboolean  devssh_known_hosts_line_next      (DevSshSlice *text, DevSshKnownHostsLine *line);
gboolean  devssh_known_hosts_line_matches   (const DevSshKnownHostsLine *self, const char *name);
gboolean  devssh_known_hosts_line_is_hashed (const DevSshKnownHostsLine *self);
gboolean  devssh_known_hosts_line_read_key  (const DevSshKnownHostsLine *self, DevSshKnownHostsKey *key);
void      devssh_known_hosts_key_clear      (DevSshKnownHostsKey *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DevSshKnownHostsKey, devssh_known_hosts_key_clear)

/* As it stands in a line: host, or [host]:port; in small letters. */
char     *devssh_known_hosts_dup_name       (const char *host, guint16 port);
/* |1|base64 of a salt|base64 of HMAC-SHA1 (salt, name), with a salt of its own. */
char     *devssh_known_hosts_hash_name      (const char *name);

/* ---- devssh-known-hosts.c ---- */

/* Is there something that may have changed? */
gboolean  devssh_known_hosts_has_files      (DevSshKnownHosts *self);

/* ---- devssh-known-hosts-entry.c ---- */

/* file, origin: may be NULL. Takes what is in key. */
DevSshKnownHostsEntry *devssh_known_hosts_entry_new (GFile *file, const char *origin, const DevSshKnownHostsLine *line,
                                                     DevSshKnownHostsKey *key);

/* ---- devssh-known-hosts-edit.c ---- */

/* What is to be changed in a file, and what came of it. */
typedef struct
{
  char                     *name;      /* as in a line; NULL for hash */
  GBytes                   *blob;      /* of the key; NULL: any */
  char                     *key;       /* type and base64, for add */
  DevSshKnownHostsAddFlags  flags;
  guint                     changed;   /* lines taken out, added or hashed */
} DevSshKnownHostsChange;

/* What to make of the text of a file: TRUE: what is in edited now; FALSE: it stays, or there is an error. */
typedef gboolean (*DevSshKnownHostsEdit)    (DevSshSlice text, GString *edited, DevSshKnownHostsChange *change, GError **error);

gboolean  devssh_known_hosts_edit_add       (DevSshSlice text, GString *edited, DevSshKnownHostsChange *change, GError **error);
gboolean  devssh_known_hosts_edit_remove    (DevSshSlice text, GString *edited, DevSshKnownHostsChange *change, GError **error);
gboolean  devssh_known_hosts_edit_hash      (DevSshSlice text, GString *edited, DevSshKnownHostsChange *change, GError **error);

/* key: NULL: any. FALSE: host cannot stand in a line. */
gboolean  devssh_known_hosts_change_init    (DevSshKnownHostsChange *self, const char *host, guint16 port, DevSshKeyPair *key,
                                             DevSshKnownHostsAddFlags flags, GError **error);
void      devssh_known_hosts_change_clear   (DevSshKnownHostsChange *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DevSshKnownHostsChange, devssh_known_hosts_change_clear)

/* ---- devssh-known-hosts-file.c: both block ---- */

#define DEVSSH_KNOWN_HOSTS_MAX_SIZE (64 * 1024 * 1024)   /* some hundred thousand hosts */

gboolean  devssh_known_hosts_check_size     (gsize length, GError **error);
GBytes   *devssh_known_hosts_file_read      (GFile *file, GCancellable *cancellable, GError **error);

/* Returns what stands in the file now. edit may be called again, when another program was quicker. */
GBytes   *devssh_known_hosts_file_edit      (GFile *file, DevSshKnownHostsEdit edit, DevSshKnownHostsChange *change,
                                             GCancellable *cancellable, GError **error);

G_END_DECLS
